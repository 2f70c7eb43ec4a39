import Subjects

/// The program that the real databases are subjects of. It stands beside this one where
/// `make databases` was run: nothing else needs their libraries.
enum DatabaseProgram {
  static let name = "torture-databases"

  /// Its words for `setting`, where `program` is the path of this program.
  static func command(
    _ setting: DatabaseSetting, beside program: String
  ) throws(RunError) -> [String] {
    let path = path(beside: program)
    guard Files.isFile(path) else {
      throw .notMeasured(
        "\(setting.name) needs \(path), which is not there: make databases installs "
          + "libsqlite3-dev, liblmdb-dev, libleveldb-dev and librocksdb-dev, and builds it")
    }
    return [path, setting.name]
  }

  /// Whether it was built.
  static func isThere(beside program: String) -> Bool { Files.isFile(path(beside: program)) }

  private static func path(beside program: String) -> String {
    let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (folder + [Substring(name)]).joined(separator: "/")
  }
}
