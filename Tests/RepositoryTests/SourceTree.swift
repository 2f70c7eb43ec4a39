import FoundationEssentials

/// The repository's files as text.
enum SourceTree {
  /// One file.
  struct File: CustomStringConvertible, Sendable {
    /// Its path below the package's root.
    var path: String
    var text: String

    /// The lines; the first has the number 1.
    var lines: [(number: Int, text: Substring)] {
      text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        .map { ($0.offset + 1, $0.element) }
    }

    /// The folder below `Sources` or `Tests`: the target's name.
    var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }

    var description: String { path }
  }

  /// The root of the package.
  static let root: String = {
    var parts = #filePath.split(separator: "/").map(String.init)
    parts.removeLast(3)
    return "/" + parts.joined(separator: "/")
  }()

  /// The files below `folder` whose names end in one of `endings`, sorted by path.
  static func files(below folder: String, _ endings: [String]) throws -> [File] {
    let base = root + "/" + folder
    let paths = try FileManager.default.subpathsOfDirectory(atPath: base).sorted()
    return try paths.filter { path in endings.contains { path.hasSuffix("." + $0) } }.map { path in
      File(path: folder + "/" + path, text: try text(of: folder + "/" + path))
    }
  }

  /// The text of one file.
  static func text(of path: String) throws -> String {
    let data = try Data(contentsOf: URL(filePath: root + "/" + path))
    return String(decoding: data, as: UTF8.self)
  }

  /// Everything that is compiled, and the package's description.
  static func code() throws -> [File] {
    let endings = ["swift", "c", "h", "modulemap"]
    return try files(below: "Sources", endings) + files(below: "Tests", endings)
      + [File(path: "Package.swift", text: text(of: "Package.swift"))]
  }
}
