import Glibc

/// A small declarative wrapper around glibc's `getopt_long`: long options only, as GNU programs have
/// them, and none twice.
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
    let names = specifications.map { strdup($0.name) }
    defer { for name in names { free(name) } }
    var table = zip(specifications, names).map { specification, name in
      option(
        name: UnsafePointer(name), has_arg: specification.argument == nil ? 0 : 1, flag: nil, val: 1)
    }
    table.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
    var arguments = ([command] + words).map { strdup($0) }
    let owned = arguments
    arguments.append(nil)
    defer { for argument in owned { free(argument) } }
    optind = 0
    opterr = 0
    var index: Int32 = 0
    while true {
      index = -1
      let result = getopt_long(Int32(owned.count), &arguments, ":", table, &index)
      if result == -1 { break }
      let seen = arguments[Int(optind) - 1].map { String(cString: $0) } ?? ""
      if result == 1, index >= 0 {
        let specification = specifications[Int(index)]
        guard values[specification.name] == nil else {
          throw .usage("--\(specification.name) is given twice")
        }
        values[specification.name] = optarg.map { String(cString: $0) } ?? ""
      } else if result == Int32(UInt8(ascii: ":")) {
        throw .usage("\(seen) needs a value; torture \(command) --help shows which")
      } else {
        throw .usage("torture \(command) does not know \(seen); torture \(command) --help shows all")
      }
    }
    for word in arguments[Int(optind)..<owned.count] {
      if let word { operands.append(String(cString: word)) }
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
