@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("disk.md's table, cell by cell: syncfs, and barriers that hold under every model")
struct BarrierCellTests {
  @Test(
    "syncfs: a barrier for everything (ext4, btrfs), none (posix-min, lazyfs)",
    arguments: [PersistenceModelName.posixMin, .ext4Ordered, .btrfs, .lazyfs])
  func syncfs(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 4096), at: 0)
    try lab.create("b")
    try lab.world.synchronizeFileSystem(file.handle)
    let all: [String: [UInt8]] = ["a": filled(2, 4096), "b": []]
    switch model {
    case .ext4Ordered, .btrfs: #expect(lab.disk.trees == [all])
    case .lazyfs: #expect(lab.disk.trees == [["a": filled(1, 4096), "b": []]])
    default: #expect(lab.disk.trees.count == 4)
    }
  }

  @Test("syncfs under xfs: no barrier for an overwrite where the log is clean")
  func cleanLog() throws {
    let lab = CellLab.lab(.xfs)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 4096), at: 0)
    try lab.world.synchronizeFileSystem(file.handle)
    #expect(lab.contents() == [filled(1, 4096), filled(2, 4096)])
    // A barrier of the file itself flushes the device.
    try lab.sync(file.handle)
    #expect(lab.contents() == [filled(2, 4096)])
  }

  @Test("syncfs under xfs: a barrier where a name, a size or new space dirtied the log")
  func dirtyLog() throws {
    for cause in 0..<3 {
      let lab = CellLab.lab(.xfs)
      let file = try lab.durableFile("a", filled(1, 4096))
      let other = try lab.durableFile("b", [1])
      try lab.allocate(other.handle, 0..<8192)
      try lab.sync(other.handle)
      try lab.write(file.handle, filled(2, 4096), at: 0)
      switch cause {
      case 0: try lab.create("c")
      case 1: try lab.write(other.handle, [1], at: 9000)
      default: try lab.write(other.handle, [1], at: 5000)
      }
      try lab.world.synchronizeFileSystem(file.handle)
      #expect(lab.disk.pendingCount == 0 && lab.contents() == [filled(2, 4096)])
    }
  }

  @Test(
    "fsync, fdatasync and a synchronous write cover their data and size under every model",
    arguments: PersistenceModelName.allCases, 0..<3)
  func barriers(model: PersistenceModelName, kind: Int) throws {
    let lab = CellLab.lab(model, tears: TearShape.allCases)
    let file = try lab.durableFile("a", filled(1, 700))
    try lab.write(file.handle, filled(2, 9000), at: 700, kind == 2 ? .synchronous : .volatile)
    if kind < 2 { try lab.world.synchronize(file.handle, dataOnly: kind == 1) }
    #expect(lab.contents() == [filled(1, 700) + filled(2, 9000)])
  }

  @Test(
    "A completed write-back is no barrier: sync_file_range and O_DIRECT data may be lost",
    arguments: CellLab.cached)
  func syncFileRange(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 4096), at: 0)
    try lab.world.writeBack(
      range: 0..<4096, of: file.handle, wait: [.waitBefore, .write, .waitAfter])
    #expect(lab.contents() == [filled(1, 4096), filled(2, 4096)])
  }

  @Test(
    "Two files, an fsync of the second: the first may be lost, the second not",
    arguments: PersistenceModelName.allCases)
  func twoFiles(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let first = try lab.durableFile("a", filled(1, 4096))
    let second = try lab.durableFile("b", filled(1, 4096))
    try lab.write(first.handle, filled(2, 4096), at: 0)
    try lab.write(second.handle, filled(2, 4096), at: 0)
    try lab.world.synchronize(second.handle, dataOnly: false)
    #expect(lab.contents("b") == [filled(2, 4096)])
    let lost: Set<[UInt8]?> = [filled(1, 4096)]
    #expect(lab.contents("a") == (model == .lazyfs ? lost : lost.union([filled(2, 4096)])))
  }

  @Test("lazyfs: sizes that only a lost write made go with it; those of truncations stay")
  func lazySizes() throws {
    let lab = CellLab.lab(.lazyfs)
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 990), at: 10)
    try lab.world.setSize(file.handle, to: 2000)
    try lab.write(file.handle, filled(3, 1000), at: 2000)
    #expect(lab.contents() == [filled(1, 10) + filled(0, 1990)])
  }
}
