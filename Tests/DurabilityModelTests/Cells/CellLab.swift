@testable import DurabilityModel
import StorageInterface

/// The rows of disk.md's table are tested cell by cell: each test is a row, its arguments are the
/// columns. Outcomes are named by pages, as the laboratory named them.
enum CellLab {
  /// The models of real file systems.
  static let fileSystems: [PersistenceModelName] = [.ext4Ordered, .xfs, .btrfs]
  /// Those and `posix-min`.
  static let cached: [PersistenceModelName] = [.posixMin, .ext4Ordered, .xfs, .btrfs]

  /// A world of `model` whose disk tears nothing unless told.
  static func lab(_ model: PersistenceModelName, tears: [TearShape] = []) -> Lab {
    var parameters = DiskParameters(model: model)
    parameters.tears = tears
    return Lab(parameters)
  }

  /// By page, `O` for old content, `N` for new, `0` for zeros, `T` for a mixture.
  static func pages(_ bytes: [UInt8], old: UInt8 = 1, new: UInt8 = 2) -> String {
    var result = ""
    for start in stride(from: 0, to: bytes.count, by: Page.size) {
      let page = Set(bytes[start..<min(start + Page.size, bytes.count)])
      result += page == [old] ? "O" : page == [new] ? "N" : page == [0] ? "0" : "T"
    }
    return result
  }
}

extension Lab {
  /// The contents that `name` has in the states listed here; nil where it is absent.
  func contents(_ name: String = "a") -> Set<[UInt8]?> {
    Set(disk.states().map { $0.tree[name] })
  }

  /// The contents by pages, for content of one value per page.
  func pages(_ name: String = "a") -> Set<String> {
    Set(disk.states().map { CellLab.pages($0.tree[name] ?? []) })
  }

  /// Plain fallocate.
  func allocate(_ handle: HandleID, _ range: Range<UInt64>) throws(Errno) {
    try world.allocate(
      handle, at: range.lowerBound, length: range.upperBound - range.lowerBound, .extend)
  }

  /// Creates `name`, writes `bytes` and closes nothing: all of it unsynced.
  func unsyncedFile(
    _ name: String, _ bytes: [UInt8], in parent: InodeNumber = .root
  ) throws(Errno) -> HandleID {
    let handle = try open(try create(name, in: parent))
    try write(handle, bytes, at: 0)
    return handle
  }
}
