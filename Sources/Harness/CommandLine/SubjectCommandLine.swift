import Glibc
import PosixIO
import StorageInterface
import Subjects

/// `torture subject NAME`: this program as a subject's process.
enum SubjectCommandLine {
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    guard words.count == 1, let name = words.first, !name.hasPrefix("-") else {
      throw .usage("usage: torture subject NAME; torture list subjects shows the names")
    }
    if let setting = DatabaseSetting.named(name) {
      // Its own program takes this one's place.
      let words = try DatabaseProgram.command(setting, beside: program)
      var arguments = words.map { strdup($0) } + [nil]
      execv(words[0], &arguments)
      throw .harness("\(words[0]): cannot be run: \(String(cString: strerror(errno)))")
    }
    guard let entry = SubjectRegistry.entry(name) else { throw SubjectRegistry.unknown(name) }
    let subject = entry.make { (directory: String) throws(Errno) -> any Storage in
      try PosixStorage(directory: directory)
    }
    var server = StandardIOServer()
    switch server.run(subject) {
    case .endOfInput: return 0
    default: return 1
    }
  }
}
