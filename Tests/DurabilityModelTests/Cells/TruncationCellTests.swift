@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("disk.md's table, cell by cell: truncate down")
struct TruncationCellTests {
  /// A durable file of three pages that was cut to 5,000 bytes.
  private func cut(_ model: PersistenceModelName) throws -> (lab: Lab, handle: HandleID) {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 12288))
    try lab.world.setSize(file.handle, to: 5000)
    return (lab, file.handle)
  }

  private let old = filled(1, 12288)
  private let final = filled(1, 5000)
  /// The old size, with the rest of the cut page zeroed.
  private let tailZeroed = filled(1, 5000) + filled(0, 3192) + filled(1, 4096)

  @Test(
    "Truncate down: old, final, or the old size with the cut page zeroed from the new end",
    arguments: PersistenceModelName.allCases)
  func down(model: PersistenceModelName) throws {
    let found = try cut(model).lab.contents()
    switch model {
    case .posixMin: #expect(found.isSuperset(of: [old, final]))
    case .ext4Ordered, .xfs: #expect(found == [old, tailZeroed, final])
    case .btrfs: #expect(found == [old, final])
    case .lazyfs: #expect(found == [final])
    }
  }

  @Test("Truncate down under posix-min: each state that a file system shows is permitted")
  func downUnderPosixMin() throws {
    let lab = try cut(.posixMin).lab
    #expect(
      lab.disk.keeping([.sectors(Array(9..<16))], size: 0).bytes(InodeNumber(2)) == tailZeroed)
  }

  @Test(
    "Truncate down, then append: the old size may hold the later append, in the cut page alone",
    arguments: PersistenceModelName.allCases)
  func downThenAppend(model: PersistenceModelName) throws {
    let (lab, handle) = try cut(model)
    try lab.write(handle, filled(3, 5000), at: 5000)
    let found = lab.contents()
    let appendInOldSize = filled(1, 5000) + filled(3, 3192) + filled(1, 4096)
    let whole = filled(1, 5000) + filled(3, 5000)
    switch model {
    case .posixMin: #expect(found.isSuperset(of: [old, final, whole]))
    case .ext4Ordered:
      #expect(
        found == [
          old, tailZeroed, appendInOldSize, final, whole,
          // The size at the page's end or behind the append, the page with its append or zeros.
          Array(whole[..<8192]), final + filled(0, 3192), final + filled(0, 5000),
          Array(whole[..<8192]) + filled(0, 1808),
          final + filled(0, 3192) + filled(3, 1808),
        ])
    case .xfs:
      #expect(
        found == [
          old, tailZeroed, appendInOldSize, final, whole, Array(whole[..<8192]),
          final + filled(0, 3192) + filled(3, 1808),
        ])
    case .btrfs: #expect(found == [old, final, whole])
    case .lazyfs: #expect(found == [final])
    }
  }

  @Test(
    "Truncate down, then up: zeros behind the first cut; under btrfs and posix-min old bytes too",
    arguments: PersistenceModelName.allCases)
  func downThenUp(model: PersistenceModelName) throws {
    let (lab, handle) = try cut(model)
    try lab.world.setSize(handle, to: 12000)
    let found = lab.contents()
    let up = final + filled(0, 7000)
    let oldBytes = filled(1, 8192) + filled(0, 3808)
    switch model {
    case .posixMin: #expect(found.isSuperset(of: [old, final, up]))
    case .ext4Ordered, .xfs: #expect(found == [old, tailZeroed, final, up])
    case .btrfs: #expect(found == [old, final, up, oldBytes])
    case .lazyfs: #expect(found == [up])
    }
    if model == .posixMin {
      let state = lab.disk.keeping([.sectors(Array(16..<24))], size: 2)
      #expect(state.bytes(InodeNumber(2)) == oldBytes)
    }
  }

  @Test(
    "A truncation keeps its place among names: a prefix of issue order, either way",
    arguments: CellLab.cached)
  func orderAmongNames(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.create("before")
    try lab.world.setSize(file.handle, to: 0)
    try lab.create("after")
    let found = Set(
      lab.disk.trees.map { tree in
        (tree["before"] != nil ? "b" : "") + (tree["a"] == [] ? "t" : "")
          + (tree["after"] != nil ? "a" : "")
      })
    let prefixes: Set = ["", "b", "bt", "bta"]
    #expect(model == .posixMin ? found.count == 8 : found == prefixes)
  }

  @Test(
    "A truncation is durable after an fsync of another file (ext4, xfs), not under the others",
    arguments: CellLab.cached)
  func carriedByAnotherFile(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 4096))
    let other = try lab.durableFile("b", [])
    try lab.world.setSize(file.handle, to: 0)
    try lab.write(other.handle, [1], at: 0)
    try lab.world.synchronize(other.handle, dataOnly: false)
    let isCarried = model == .ext4Ordered || model == .xfs
    #expect(lab.contents().contains(filled(1, 4096)) != isCarried)
  }

  @Test("An overwrite whose truncation is lost is lost in the pages that were given back")
  func overwriteBehindACut() throws {
    for model in CellLab.fileSystems {
      let lab = CellLab.lab(model)
      let file = try lab.durableFile("a", filled(1, 8192))
      try lab.world.setSize(file.handle, to: 0)
      try lab.write(file.handle, filled(2, 8192), at: 0)
      for bytes in lab.contents().compactMap({ $0 }) {
        let pages = CellLab.pages(bytes)
        #expect(pages == "OO" || !pages.contains("O"), "\(model.rawValue): \(pages)")
      }
    }
  }
}
