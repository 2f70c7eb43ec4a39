import Testing

extension RepositoryTests {
  @Suite("The import table")
  struct ImportTableTests {
    /// What the sources of each target may import. The pure targets come first: no libc, no
    /// Foundation, no threads and no clock; and the oracle shares no code with any subject.
    static let table: [(target: String, mayImport: Set<String>)] = [
      ("Determinism", []),
      ("StorageInterface", []),
      ("SubjectProtocol", ["Determinism"]),
      ("DurabilityModel", ["Determinism", "StorageInterface"]),
      ("Scenarios", ["Determinism", "SubjectProtocol", "DurabilityModel"]),
      ("Oracle", ["Determinism", "SubjectProtocol"]),
      ("Locks", ["Glibc"]),
      ("ReferenceStore", ["StorageInterface", "Locks", "CISAL", "CVectors", "CZstd"]),
      ("PosixIO", ["StorageInterface", "CLinuxShims", "Glibc"]),
      (
        "Subjects",
        ["Locks", "ReferenceStore", "SubjectProtocol", "StorageInterface", "PosixIO", "Glibc"]
      ),
      ("Designs", ["SubjectProtocol", "StorageInterface", "CISAL"]),
      ("FaultFS", ["CFuse", "CLinuxShims", "DurabilityModel", "StorageInterface", "Glibc"]),
      (
        "Harness",
        [
          "CBareServer", "CLinuxShims", "CPeers", "Determinism", "Locks", "StorageInterface",
          "SubjectProtocol", "DurabilityModel", "ReferenceStore", "Scenarios", "Oracle", "PosixIO",
          "Subjects", "Designs", "FaultFS", "FoundationEssentials", "Glibc", "Synchronization",
        ]
      ),
      ("torture", ["Harness", "Glibc"]),
      (
        "DatabaseSubjects",
        [
          "CSQLite", "CLMDB", "CLevelDBShims", "CRocksDB", "Determinism", "SubjectProtocol",
          "Subjects", "Glibc",
        ]
      ),
      ("CSQLite", []),
      ("CLMDB", []),
      ("CLevelDBShims", []),
      ("CRocksDB", []),
      (
        "SubjectKit",
        ["Harness", "Subjects", "SubjectProtocol", "StorageInterface", "PosixIO", "Glibc"]
      ),
      // The kits of other languages, and the example of the Swift one: a package of its own.
      ("Kits", ["SubjectKit", "ExampleStore", "Testing", "PackageDescription"]),
      ("CFuse", []),
      ("CISAL", []),
      ("CZstd", []),
      ("CLinuxShims", []),
      ("CTortureClock", []),
      ("CVectors", []),
      ("CBareServer", []),
      ("CPeers", []),
    ]

    @Test("Every import stands in the table")
    func imports() throws {
      var seen: Set<String> = []
      for file in try SourceTree.files(below: "Sources", ["swift"]) {
        let entry = Self.table.first { $0.target == file.target }
        let allowed = try #require(entry?.mayImport, "\(file): a target without a row")
        for (number, line) in file.lines {
          guard let module = Self.importedModule(line) else { continue }
          seen.insert(module)
          #expect(allowed.contains(module), "\(file):\(number) imports \(module)")
        }
      }
      // Were the lines not understood, none would be wrong.
      #expect(seen.isSuperset(of: ["Determinism", "Glibc", "CFuse", "CISAL", "StorageInterface"]))
    }

    @Test("Every target has a row, and every row a target")
    func rows() throws {
      let targets = Set(
        try SourceTree.files(below: "Sources", ["swift", "c", "cc", "modulemap"]).map(\.target))
      #expect(targets == Set(Self.table.map(\.target)))
      let description = try SourceTree.text(of: "Package.swift")
      for target in targets where target != "Kits" {
        #expect(
          description.contains("(name: \"\(target)\"")
            || description.contains("name: \"\(target)\","))
      }
    }

    @Test("An import is recognised in every form it can have")
    func forms() {
      for (line, module) in [
        ("import Glibc", "Glibc"), ("public import Oracle", "Oracle"),
        ("  @testable import Harness", "Harness"), ("import struct Foundation.Data", "Foundation"),
        ("@_exported internal import CFuse", "CFuse"), ("import Foundation // why", "Foundation"),
      ] {
        #expect(Self.importedModule(Substring(line)) == module, "\(line)")
      }
      for line in ["// import Glibc", "let important = 1", "important()", "/// import x", ""] {
        #expect(Self.importedModule(Substring(line)) == nil, "\(line)")
      }
    }

    /// The module that a line imports; nil when it imports none.
    static func importedModule(_ line: Substring) -> String? {
      var words = line.split(separator: " ")[...]
      let access: Set = ["public", "package", "internal", "fileprivate", "private"]
      while let word = words.first, word.hasPrefix("@") || access.contains(String(word)) {
        words.removeFirst()
      }
      guard words.first == "import" else { return nil }
      words.removeFirst()
      let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      if let word = words.first, kinds.contains(String(word)) { words.removeFirst() }
      return words.first.map { String($0.prefix { $0 != "." }) }
    }
  }
}
