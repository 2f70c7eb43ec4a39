@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("disk.md's table, cell by cell: names")
struct NameCellTests {
  @Test(
    "Create, then fsync of the file alone: the name may vanish under posix-min, else it survives",
    arguments: PersistenceModelName.allCases, [false, true])
  func createThenFsync(model: PersistenceModelName, dataOnly: Bool) throws {
    let lab = CellLab.lab(model)
    let handle = try lab.unsyncedFile("a", filled(1, 10))
    try lab.world.synchronize(handle, dataOnly: dataOnly)
    #expect(
      lab.contents() == (model == .posixMin ? [nil, filled(1, 10)] : [filled(1, 10)]))
  }

  @Test(
    "Create in new nested directories, then fsync of the file alone",
    arguments: PersistenceModelName.allCases)
  func createInNewDirectories(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let outer = try lab.makeDirectory("d")
    let inner = try lab.makeDirectory("e", in: outer)
    let handle = try lab.unsyncedFile("f", filled(1, 10), in: inner)
    try lab.world.synchronize(handle, dataOnly: false)
    let found = lab.contents("d/e/f")
    #expect(found == (model == .posixMin ? [nil, filled(1, 10)] : [filled(1, 10)]))
  }

  /// A durable target of 4,096 bytes and a source of two pages, renamed over it.
  private func renameOver(_ model: PersistenceModelName, synced: Bool) throws -> Lab {
    let lab = CellLab.lab(model)
    _ = try lab.durableFile("a", filled(1, 4096))
    let handle = try lab.unsyncedFile("tmp", filled(2, 8192))
    if synced { try lab.world.synchronize(handle, dataOnly: false) }
    try lab.rename("tmp", to: "a")
    return lab
  }

  private let old: [UInt8]? = filled(1, 4096)
  private let new: [UInt8]? = filled(2, 8192)

  @Test("Rename over, source synced: old or new", arguments: PersistenceModelName.allCases)
  func renameOverSynced(model: PersistenceModelName) throws {
    let lab = try renameOver(model, synced: true)
    #expect(lab.contents() == (model == .lazyfs ? [new] : [old, new]))
    try lab.syncRoot()
    #expect(lab.contents() == [new])
  }

  @Test(
    "Rename over, source not synced: old, new, empty, short, zeros or a hole, as each model has it",
    arguments: PersistenceModelName.allCases)
  func renameOverUnsynced(model: PersistenceModelName) throws {
    let found = try renameOver(model, synced: false).contents()
    let hole: [UInt8]? = filled(0, 4096) + filled(2, 4096)
    let half: [UInt8]? = filled(2, 4096) + filled(0, 4096)
    switch model {
    case .posixMin: #expect(found.isSuperset(of: [old, new, [], filled(0, 8192)]))
    case .ext4Ordered: #expect(found == [old, new, filled(0, 8192), half])
    case .xfs:
      #expect(found == [old, new, [], filled(2, 4096), hole])
    case .btrfs: #expect(found == [old, new])
    case .lazyfs: #expect(found == [[]], "the name survives, the data does not")
    }
  }

  @Test(
    "Rename over, source not synced, then a directory fsync: no model keeps the old one",
    arguments: PersistenceModelName.allCases)
  func renameOverUnsyncedThenDirectory(model: PersistenceModelName) throws {
    let lab = try renameOver(model, synced: false)
    try lab.syncRoot()
    let found = lab.contents()
    #expect(!found.contains(old) && !found.contains(nil))
    switch model {
    case .posixMin: #expect(found.isSuperset(of: [new, []]))
    case .ext4Ordered: #expect(found.isSuperset(of: [new, filled(0, 8192)]) && !found.contains([]))
    case .xfs: #expect(found.isSuperset(of: [new, [], filled(2, 4096)]))
    case .btrfs: #expect(found == [new, []])
    case .lazyfs: #expect(found == [[]])
    }
  }

  @Test(
    "Unlink and link: each may be undone; lazyfs: done", arguments: PersistenceModelName.allCases)
  func unlinkAndLink(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.world.link(file.inode, as: Array("b".utf8), in: .root)
    #expect(lab.disk.nameSets == (model == .lazyfs ? [["a", "b"]] : [["a"], ["a", "b"]]))
    try lab.syncRoot()
    try lab.unlink("a")
    #expect(lab.disk.nameSets == (model == .lazyfs ? [["b"]] : [["a", "b"], ["b"]]))
    for state in lab.disk.states() { #expect(state.bytes(file.inode) == filled(1, 10)) }
  }

  /// The four operations of the laboratory's workloads f, as bits in issue order.
  private func order(_ model: PersistenceModelName) throws -> Lab {
    let lab = CellLab.lab(model)
    for name in ["c", "e"] { _ = try lab.durableFile(name, [1]) }
    try lab.create("a")
    try lab.create("b")
    try lab.rename("c", to: "d")
    try lab.unlink("e")
    return lab
  }

  private func bits(_ lab: Lab) -> Set<String> {
    Set(
      lab.disk.trees.map { tree in
        ["a", "b", "d"].map { tree[$0] != nil ? "1" : "0" }.joined()
          + (tree["e"] == nil ? "1" : "0")
      })
  }

  @Test(
    "The order of names: arbitrary under posix-min, a prefix under the others, at once in lazyfs",
    arguments: PersistenceModelName.allCases)
  func nameOrder(model: PersistenceModelName) throws {
    let found = bits(try order(model))
    switch model {
    case .posixMin: #expect(found.count == 16)
    case .ext4Ordered, .xfs, .btrfs: #expect(found == ["0000", "1000", "1100", "1110", "1111"])
    case .lazyfs: #expect(found == ["1111"])
    }
  }

  @Test(
    "An fsync of an unrelated file carries all earlier names (ext4, xfs), or none of them (btrfs)",
    arguments: CellLab.cached)
  func unrelatedFsync(model: PersistenceModelName) throws {
    let lab = try order(model)
    let handle = try lab.unsyncedFile("unrelated", [1])
    try lab.world.synchronize(handle, dataOnly: false)
    let found = bits(lab)
    switch model {
    case .posixMin: #expect(found.count == 16)
    case .ext4Ordered, .xfs: #expect(found == ["1111"])
    default: #expect(found == ["0000", "1000", "1100", "1110", "1111"])
    }
  }

  @Test(
    "An fsync of one of the files carries it past earlier names (btrfs), or all with it",
    arguments: CellLab.cached)
  func fsyncOfB(model: PersistenceModelName) throws {
    let lab = try order(model)
    let handle = try lab.open("b")
    try lab.write(handle, [1], at: 0)
    try lab.world.synchronize(handle, dataOnly: false)
    let found = bits(lab)
    switch model {
    case .posixMin: #expect(found.count == 16, "a barrier of a file covers no name")
    case .ext4Ordered, .xfs: #expect(found == ["1111"])
    default: #expect(found == ["0100", "1100", "1110", "1111"])
    }
  }

  @Test(
    "A barrier of data alone carries names where size, blocks or name changed, else none",
    arguments: [PersistenceModelName.ext4Ordered, .xfs])
  func dataBarrier(model: PersistenceModelName) throws {
    for grows in [false, true] {
      let lab = CellLab.lab(model)
      let file = try lab.durableFile("log", filled(1, 4096))
      try lab.create("a")
      try lab.write(file.handle, filled(2, 100), at: grows ? 4096 : 0)
      try lab.world.synchronize(file.handle, dataOnly: true)
      #expect(lab.contents() == (grows ? [[]] : [nil, []]))
    }
  }

  @Test(
    "A rename across directories is one change, but for posix-min: there both names may survive",
    arguments: CellLab.cached)
  func renameAcrossDirectories(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let directory = try lab.makeDirectory("d")
    _ = try lab.durableFile("a", filled(1, 10))
    try lab.rename("a", to: "b", into: directory)
    let found = Set(lab.disk.trees.map { $0.keys.sorted() })
    let one: Set = [["a", "d/"], ["d/", "d/b"]]
    #expect(found == (model == .posixMin ? one.union([["a", "d/", "d/b"]]) : one))
  }

  @Test(
    "A directory's fsync covers its entries; under ext4 and xfs every earlier name with them",
    arguments: CellLab.cached)
  func directoryBarrier(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let directory = try lab.makeDirectory("d")
    try lab.syncRoot()
    try lab.create("a", in: directory)
    try lab.create("b")
    try lab.syncRoot()
    let found = Set(lab.disk.trees.map { $0.keys.sorted() })
    let all: Set = [["b", "d/", "d/a"]]
    #expect(
      found == (model == .ext4Ordered || model == .xfs ? all : all.union([["b", "d/"]])))
  }
}
