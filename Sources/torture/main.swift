import Glibc
import Harness

exit(TortureCommand.main(Array(CommandLine.arguments.dropFirst())))
