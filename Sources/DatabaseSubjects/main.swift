import Glibc
import Subjects

// `torture-databases NAME`: a real database as a subject, on standard input and output. The torture
// program starts it; it is a program of its own so that nothing else needs the databases'
// libraries.

/// Ends with one line on standard error.
func refuse(_ message: String) -> Never {
  _ = (message + "\n").withCString { write(2, $0, strlen($0)) }
  exit(2)
}

let names = DatabaseSetting.all.map(\.name).joined(separator: ", ")
guard CommandLine.arguments.count == 2 else { refuse("usage: torture-databases NAME: \(names)") }
guard let setting = DatabaseSetting.named(CommandLine.arguments[1]) else {
  refuse("torture-databases: no setting \"\(CommandLine.arguments[1])\"; there are \(names)")
}
var server = StandardIOServer()
switch server.run(DatabaseSubject(setting)) {
case .endOfInput: exit(0)
case .inputFailed, .outputFailed: exit(1)
}
