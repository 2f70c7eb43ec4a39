import Testing

extension RepositoryTests {
  @Suite("Tidy sources")
  struct TidyTests {
    @Test("No line has more than 100 columns")
    func lines() throws {
      for file in try SourceTree.code() {
        for (number, line) in file.lines where line.count > 100 {
          Issue.record("\(file):\(number) has \(line.count) columns")
        }
      }
    }

    @Test("No file has more than 500 lines")
    func files() throws {
      for file in try SourceTree.code() {
        let count = file.lines.count - 1
        #expect(count <= 500, "\(file) has \(count) lines")
      }
    }

    @Test("No function has more than 70 lines")
    func functions() throws {
      var count = 0
      for file in try SourceTree.code() {
        for function in Self.functions(of: file) {
          count += 1
          #expect(function.length <= 70, "\(file):\(function.line) has \(function.length) lines")
        }
      }
      // Were functions not recognised, none would be too long.
      #expect(count > 1000)
    }

    @Test("The length of a function is counted from its name to its brace")
    func counting() {
      let text = """
        struct S {
          init() {
            a()
          }
          func one() { b() }
          func two(
            c: Int
          ) {
            if c {
            }
          }
          func inProtocol()
        }
        static int three(void) {
          return 3;
        }
        """
      let found = Self.functions(of: SourceTree.File(path: "Sources/X/x.swift", text: text))
      #expect(found.map(\.line) == [2, 5, 6])
      #expect(found.map(\.length) == [3, 1, 6])
      let inC = Self.functions(of: SourceTree.File(path: "Sources/X/x.c", text: text))
      #expect(inC.map(\.line) == [1, 14])
      #expect(inC.map(\.length) == [13, 3])
    }

    /// Words that promise what is not done, with how they are found.
    static let refused = [
      "FIX" + "ME", "TO" + "DO", "for " + "now", "place" + "holder", "try" + "! ",
      "fatal" + "Error(", "as" + "! ", "not yet " + "implemented",
    ]

    @Test("Nothing is left for later, and nothing is forced", arguments: refused)
    func later(word: String) throws {
      let texts = try SourceTree.files(below: "Scenarios", ["json5"])
      for file in try SourceTree.code() + texts {
        for (number, line) in file.lines where line.contains(word) {
          // A suffix drawn by mkdtemp is none of them.
          if line.contains("-XXXXXX") { continue }
          Issue.record("\(file):\(number) has \"\(word)\"")
        }
      }
    }

    @Test("No path of somebody's machine")
    func paths() throws {
      let machine = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/Us" + "ers/", "/tmp/" + "wt"]
      let others =
        try SourceTree.files(below: "Scenarios", ["json5"])
        + SourceTree.files(below: "Tests", ["py", "json5"])
      for file in try SourceTree.code() + others {
        for (number, line) in file.lines {
          let found = machine.first { line.contains($0) }
          #expect(found == nil, "\(file):\(number)")
        }
      }
    }

    @Test("No trailing space, no tabulator, and a newline at the end")
    func whitespace() throws {
      for file in try SourceTree.code() {
        #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file)")
        for (number, line) in file.lines {
          #expect(line.last != " " && !line.contains("\t"), "\(file):\(number)")
        }
      }
    }

    /// Where functions begin, and how many lines they have. The sources are formatted, so a
    /// function ends at the first brace that stands where its first line begins.
    static func functions(of file: SourceTree.File) -> [(line: Int, length: Int)] {
      let lines = file.lines.map(\.text)
      let isC = file.path.hasSuffix(".c") || file.path.hasSuffix(".h")
      var found: [(line: Int, length: Int)] = []
      for (index, line) in lines.enumerated() {
        let indentation = line.prefix { $0 == " " }
        let begins =
          isC
          ? indentation.isEmpty && line.hasSuffix("{") && !line.hasPrefix("}")
          : beginsFunction(line.dropFirst(indentation.count))
        guard begins else { continue }
        if line.hasSuffix("}") {
          found.append((index + 1, 1))
          continue
        }
        let end = lines[(index + 1)...].firstIndex { other in
          !other.isEmpty
            && (other == indentation + "}" || other.prefix { $0 == " " }.count < indentation.count)
        }
        if let end, lines[end] == indentation + "}" { found.append((index + 1, end - index + 1)) }
      }
      return found
    }

    /// Whether a line, without its indentation, is the first of a function's declaration.
    private static func beginsFunction(_ line: Substring) -> Bool {
      let modifiers: Set = [
        "public", "package", "internal", "private", "fileprivate", "static", "class", "override",
        "mutating", "consuming", "borrowing", "final", "convenience", "required", "nonisolated",
      ]
      var words = line.split(separator: " ")[...]
      while let word = words.first, word.hasPrefix("@") || modifiers.contains(String(word)) {
        words.removeFirst()
      }
      guard let word = words.first else { return false }
      return word == "func" || word == "deinit" || word.hasPrefix("init(")
        || word.hasPrefix("init?(")
        || word.hasPrefix("init<") || word.hasPrefix("subscript(")
    }
  }
}
