import CLinuxShims
import Glibc

/// A small declarative wrapper around glibc's `getopt_long`: long options only, as GNU programs
/// have them, and none twice.
struct Options {
  /// One option a command takes.
  struct Specification {
    var name: String
    /// What its argument is called in the help; nil for a flag.
    var argument: String?
    var help: String
  }

  private(set) var values: [String: String] = [:]
  private(set) var operands: [String] = []

  /// Reads the words after the command's name.
  init(_ words: [String], _ specifications: [Specification], command: String) throws(RunError) {
    try Self.refuseAbbreviations(words, specifications, command)
    let names = specifications.map { UnsafePointer(strdup($0.name)) }
    defer { for name in names { free(UnsafeMutableRawPointer(mutating: name)) } }
    let takesValue: [Int32] = specifications.map { $0.argument == nil ? 0 : 1 }
    let owned = ([command] + words).map { strdup($0) }
    var arguments = owned + [nil]
    defer { for argument in owned { free(argument) } }
    var parsed = clinux_option()
    var isFirst: Int32 = 1
    while true {
      let result = clinux_next_option(
        Int32(owned.count), &arguments, names, takesValue, Int32(names.count), isFirst, &parsed)
      isFirst = 0
      let word = parsed.word.map { String(cString: $0) } ?? ""
      switch result {
      case Int32(CLINUX_OPTION_END):
        for rest in arguments[Int(parsed.operands)..<owned.count] {
          if let rest { operands.append(String(cString: rest)) }
        }
        return
      case Int32(CLINUX_OPTION_FOUND):
        let name = specifications[Int(parsed.which)].name
        guard values[name] == nil else { throw .usage("--\(name) is given twice") }
        let value = parsed.value.map { String(cString: $0) } ?? ""
        // No option has such a value: it is the next option, taken for this one's.
        guard !value.hasPrefix("--") else {
          throw .usage("--\(name) needs a value; torture \(command) --help shows which")
        }
        values[name] = value
      case Int32(CLINUX_OPTION_NO_VALUE):
        throw .usage("\(word) needs a value; torture \(command) --help shows which")
      default:
        throw .usage(
          "torture \(command) does not know \(word); torture \(command) --help shows all")
      }
    }
  }

  /// getopt_long takes `--mode` for `--model` as long as nothing else begins so; a script that was
  /// written today would mean something else tomorrow.
  private static func refuseAbbreviations(
    _ words: [String], _ specifications: [Specification], _ command: String
  ) throws(RunError) {
    for word in words {
      if word == "--" { return }
      guard word.hasPrefix("--") else { continue }
      let name = word.dropFirst(2).prefix { $0 != "=" }
      guard specifications.contains(where: { $0.name == name }) else {
        throw .usage(
          "torture \(command) does not know \(word); torture \(command) --help shows all")
      }
    }
  }

  /// Whether a flag or option was given.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// The whole number above zero that an option gives, or nil when it was not given.
  func count(_ name: String) throws(RunError) -> Int? {
    guard let text = values[name] else { return nil }
    guard let number = Int(text), number > 0 else {
      throw .usage("--\(name) takes a whole number above 0, not \"\(text)\"")
    }
    return number
  }

  /// The number of seconds that an option gives, or nil when it was not given.
  func seconds(_ name: String) throws(RunError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let number = Double(text), number > 0, number < 1e9 else {
      throw .usage("--\(name) takes a number of seconds above 0, not \"\(text)\"")
    }
    return number
  }

  /// The share in percent that an option gives, or nil when it was not given.
  func percent(_ name: String) throws(RunError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let number = Double(text), number >= 0, number <= 100 else {
      throw .usage("--\(name) takes a number of percent from 0 to 100, not \"\(text)\"")
    }
    return number
  }

  /// A help text: the usage line, what the command does, and its options.
  static func help(
    _ usage: String, _ purpose: String, _ specifications: [Specification]
  ) -> String {
    var lines = ["usage: " + usage, "", purpose]
    if !specifications.isEmpty { lines += ["", "options:"] }
    for specification in specifications {
      let head = "  --" + specification.name + (specification.argument.map { " " + $0 } ?? "")
      let padding = String(repeating: " ", count: max(2, 30 - head.count))
      lines.append(head + padding + specification.help)
    }
    return lines.joined(separator: "\n")
  }
}
