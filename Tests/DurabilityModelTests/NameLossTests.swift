@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("posix-min: what a power cut does to names")
struct NameLossTests {
  @Test("Create, then fsync of the file alone: the name may vanish, and with it the content")
  func createThenFsync() throws {
    let lab = Lab()
    let inode = try lab.create("a")
    let handle = try lab.open(inode)
    try lab.write(handle, filled(1, 10), at: 0)
    try lab.world.synchronize(handle, dataOnly: false)
    #expect(lab.disk.trees == [[:], ["a": filled(1, 10)]])
    try lab.syncRoot()
    #expect(lab.disk.trees == [["a": filled(1, 10)]])
  }

  @Test("A directory's fsync covers entries only, never a child's content")
  func directorySyncCoversEntriesOnly() throws {
    let lab = Lab()
    let inode = try lab.create("a")
    let handle = try lab.open(inode)
    try lab.write(handle, filled(1, 10), at: 0)
    try lab.syncRoot()
    let trees = lab.disk.trees
    #expect(trees.contains(["a": []]) && trees.contains(["a": filled(1, 10)]))
    #expect(trees.allSatisfy { $0["a"] != nil })
  }

  @Test("Rename over, source synced: old or new, never both, never neither")
  func renameOverSynced() throws {
    let lab = Lab()
    _ = try lab.durableFile("log", filled(1, 10))
    let inode = try lab.create("tmp")
    let handle = try lab.open(inode)
    try lab.write(handle, filled(2, 20), at: 0)
    try lab.sync(handle)
    try lab.rename("tmp", to: "log")
    #expect(
      lab.disk.trees == [
        ["log": filled(1, 10)], ["log": filled(1, 10), "tmp": filled(2, 20)],
        ["log": filled(2, 20)],
      ])
    try lab.syncRoot()
    #expect(lab.disk.trees == [["log": filled(2, 20)]])
  }

  @Test("Rename over, source not synced: the target may be empty, and is after a directory fsync")
  func renameOverUnsynced() throws {
    let lab = Lab()
    _ = try lab.durableFile("log", filled(1, 10))
    let inode = try lab.create("tmp")
    let handle = try lab.open(inode)
    try lab.write(handle, filled(2, 20), at: 0)
    try lab.rename("tmp", to: "log")
    let before = Set(lab.disk.trees.map { $0["log"] })
    #expect(before.isSuperset(of: [filled(1, 10), [], filled(2, 20), filled(0, 20)]))
    try lab.syncRoot()
    let after = Set(lab.disk.trees.map { $0["log"] })
    #expect(after.isSuperset(of: [[], filled(2, 20), filled(0, 20)]))
    #expect(!after.contains(filled(1, 10)))
  }

  @Test("Unlink may be undone, with the content it had, until its directory is synced")
  func unlink() throws {
    let lab = Lab()
    _ = try lab.durableFile("a", filled(1, 10))
    try lab.unlink("a")
    #expect(lab.disk.trees == [[:], ["a": filled(1, 10)]])
    try lab.syncRoot()
    #expect(lab.disk.trees == [[:]])
  }

  @Test("Link may be undone; a second name keeps the file when the first goes")
  func link() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.world.link(file.inode, as: Array("b".utf8), in: .root)
    #expect(lab.disk.nameSets == [["a"], ["a", "b"]])
    try lab.syncRoot()
    try lab.unlink("a")
    #expect(lab.disk.nameSets == [["b"], ["a", "b"]])
    for state in lab.disk.states() {
      #expect(state.bytes(file.inode) == filled(1, 10))
      #expect(try World(disk: state).attributes(file.inode).linkCount == state.names.count)
    }
  }

  @Test("Link then unlink, both unsynced: the file may keep both names, either or none")
  func linkThenUnlink() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.world.link(file.inode, as: Array("b".utf8), in: .root)
    try lab.unlink("a")
    #expect(lab.disk.nameSets == [["a"], ["a", "b"], ["b"], []])
  }

  @Test("The order of operations on different names is arbitrary: every subset")
  func arbitraryOrder() throws {
    let lab = Lab()
    for name in ["a", "b", "c"] { try lab.create(name) }
    #expect(lab.disk.nameSets.count == 8)
  }

  @Test("Operations on one name keep their order")
  func orderOnOneName() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    try lab.unlink("a")
    let second = try lab.create("a")
    try lab.unlink("a")
    let third = try lab.create("a")
    let found = lab.disk.states().map { try? World(disk: $0).lookup(Array("a".utf8), in: .root) }
    #expect(Set(found) == [file.inode, nil, second, third])
    let pending = lab.disk.pendingNames.count
    for choice in lab.disk.choices() {
      // What is kept of one name is a prefix.
      let kept = choice.names.prefix { $0 }.count
      #expect(choice.names[kept...].allSatisfy { !$0 } && choice.names.count == pending)
    }
  }

  @Test("Rename across directories: the old name, both, or the new one; never neither")
  func renameAcrossDirectories() throws {
    let lab = Lab()
    let other = try lab.makeDirectory("d")
    _ = try lab.durableFile("a", filled(1, 10))
    try lab.rename("a", to: "b", into: other)
    let content = filled(1, 10)
    #expect(
      lab.disk.trees == [
        ["d/": [], "a": content], ["d/": [], "a": content, "d/b": content],
        ["d/": [], "d/b": content],
      ])
    // The target's barrier covers the link half only.
    var target = lab.disk
    target.apply(.synchronizeDirectory(inode: other))
    #expect(
      target.trees == [
        ["d/": [], "a": content, "d/b": content], ["d/": [], "d/b": content],
      ])
    // The source's covers the removal, and so what the removal needs.
    var source = lab.disk
    source.apply(.synchronizeDirectory(inode: .root))
    #expect(source.trees == [["d/": [], "d/b": content]])
  }

  @Test("Both names after a rename across directories are listed even when only new states are")
  func renameAcrossDirectoriesIsNew() throws {
    let lab = Lab()
    let other = try lab.makeDirectory("d")
    _ = try lab.durableFile("a", [])
    try lab.rename("a", to: "b", into: other)
    let new = lab.disk.choices(onlyNew: true).map { lab.disk.afterPowerLoss($0).tree.keys.sorted() }
    #expect(Set(new) == [["a", "d/", "d/b"], ["d/", "d/b"]])
  }

  @Test("A directory moved between directories has one name in every state")
  func directoryMove() throws {
    let lab = Lab()
    let first = try lab.makeDirectory("a")
    let second = try lab.makeDirectory("b")
    try lab.syncRoot()
    try lab.rename("b", to: "b", into: first)
    try lab.rename("b", in: first, to: "b")
    try lab.rename("a", to: "a", into: second)
    for choice in lab.disk.choices() {
      let paths = lab.disk.afterPowerLoss(choice).tree.keys
      #expect(paths.filter { $0.hasSuffix("a/") }.count <= 1)
      #expect(paths.filter { $0.hasSuffix("b/") }.count <= 1)
    }
    // One barrier, of either directory, covers a move.
    var disk = lab.disk
    disk.apply(.synchronizeDirectory(inode: second))
    #expect(disk.trees == [["b/": [], "b/a/": []]])
  }

  @Test("A new directory whose own entry is lost takes its subtree away, synced or not")
  func newDirectory() throws {
    let lab = Lab()
    let directory = try lab.makeDirectory("d")
    let inode = try lab.create("a", in: directory)
    let handle = try lab.open(inode)
    try lab.write(handle, filled(1, 10), at: 0)
    try lab.sync(handle)
    try lab.world.synchronizeDirectory(directory, dataOnly: false)
    #expect(lab.disk.trees == [[:], ["d/": [], "d/a": filled(1, 10)]])
    for state in lab.disk.states() where state.tree.isEmpty {
      #expect(state.inodeCount == 1, "what no name leads to is gone")
    }
    try lab.syncRoot()
    #expect(lab.disk.trees == [["d/": [], "d/a": filled(1, 10)]])
  }

  @Test("An exchange of two names is atomic")
  func exchange() throws {
    let lab = Lab()
    _ = try lab.durableFile("a", filled(1, 1))
    _ = try lab.durableFile("b", filled(2, 1))
    try lab.rename("a", to: "b", .exchange)
    #expect(lab.disk.trees == [["a": [1], "b": [2]], ["a": [2], "b": [1]]])
  }

  @Test("The removal of a directory may be undone, with what was in it")
  func removeDirectory() throws {
    let lab = Lab()
    let directory = try lab.makeDirectory("d")
    try lab.create("a", in: directory)
    try lab.world.synchronizeDirectory(directory, dataOnly: false)
    try lab.syncRoot()
    try lab.unlink("a", in: directory)
    try lab.world.removeDirectory(Array("d".utf8), in: .root)
    let trees = Set(lab.disk.states().map { $0.tree.keys.sorted() })
    #expect(trees == [[], ["d/"], ["d/", "d/a"]])
  }

  @Test("A symbolic link keeps its target")
  func symbolicLink() throws {
    let lab = Lab()
    let link = try lab.world.makeSymbolicLink(
      Array("s".utf8), in: .root, target: Array("a/b".utf8), user: 0, group: 0)
    try lab.syncRoot()
    for state in lab.disk.states() {
      #expect(try World(disk: state).readLink(link) == Array("a/b".utf8))
    }
  }

  @Test("Five thousand pending names are covered, listed and checked without a square")
  func manyNames() {
    var disk = Disk(parameters: DiskParameters())
    for number in 0..<5_000 {
      disk.apply(
        .create(
          directory: .root, name: Array(String(1_000_000 + number).utf8), inode: disk.nextInode,
          kind: .regular, mode: 0o644, user: 0, group: 0, target: []))
    }
    let limits = ExplosionLimits(exhaustiveUpTo: 4, samplesPerPoint: 1)
    let choices = disk.choices(limits, onlyNew: true)
    #expect(choices.count > 1 && choices.allSatisfy { $0.names.count == 5_000 })
    #expect(disk.accepts(choices[1]))
    disk.apply(.synchronizeDirectory(inode: .root))
    #expect(disk.pendingCount == 0 && disk[.root]?.durableEntries.entries.count == 5_000)
  }
}
