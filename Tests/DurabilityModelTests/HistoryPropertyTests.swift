import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Properties of random histories")
struct HistoryPropertyTests {
  /// The last one once showed a hole that depended on how a state was made.
  static let seeds: [UInt64] = Array(0..<7) + [1001]
  static let limits = ExplosionLimits(exhaustiveUpTo: 16, samplesPerPoint: 4)

  /// Runs the history of `seed` and visits the disk after each of its calls.
  static func forEachPoint(
    _ seed: UInt64, steps: Int = 25, failing: Bool = false,
    _ visit: (_ before: Disk, _ after: Disk) throws -> Void
  ) rethrows {
    var history = RandomHistory(
      Seed(seed).derived("history"), faults: failing ? RandomHistory.failingBarriers : [])
    for _ in 0..<steps {
      let before = history.lab.disk
      history.step()
      try visit(before, history.lab.disk)
    }
  }

  @Test("Every listed choice is accepted, and reads back as it was printed", arguments: seeds)
  func acceptedAndPrinted(seed: UInt64) {
    Self.forEachPoint(seed, failing: seed % 2 == 0) { _, disk in
      for choice in disk.choices(Self.limits, seed: Seed(seed)) {
        #expect(disk.accepts(choice), "seed \(seed): \(choice.text)")
        #expect(PowerLossChoice(parsing: choice.text) == choice, "seed \(seed): \(choice.text)")
      }
    }
  }

  @Test("The same seed lists the same choices twice, another seed others", arguments: seeds)
  func reproducible(seed: UInt64) {
    var differs = false
    Self.forEachPoint(seed) { _, disk in
      let choices = disk.choices(Self.limits, seed: Seed(seed))
      #expect(choices == disk.choices(Self.limits, seed: Seed(seed)), "seed \(seed)")
      if choices != disk.choices(Self.limits, seed: Seed(seed + 1)) { differs = true }
    }
    #expect(differs, "seed \(seed)")
  }

  @Test("All that is pending kept is the cache; nothing kept is the durable view", arguments: seeds)
  func extremes(seed: UInt64) {
    Self.forEachPoint(seed) { _, disk in
      let all = disk.afterPowerLoss(disk.choice(keepingAll: true))
      #expect(all.stateDigest() == all.afterProcessCrash().stateDigest())
      #expect(all.tree == disk.tree, "seed \(seed)")
      let none = disk.afterPowerLoss(disk.choice(keepingAll: false))
      var durable = disk
      durable.pendingNames = []
      for index in durable.inodes.indices where durable.inodes[index].isAlive {
        durable.inodes[index].settle()
      }
      #expect(none.tree == durable.tree, "seed \(seed)")
    }
  }

  @Test("A state after a power cut has nothing pending, and one state: itself", arguments: seeds)
  func settled(seed: UInt64) {
    Self.forEachPoint(seed, failing: true) { _, disk in
      for choice in disk.choices(Self.limits, seed: Seed(seed)) {
        let state = disk.afterPowerLoss(choice)
        #expect(state.pendingCount == 0)
        let again = state.choices(Self.limits)
        #expect(again == [PowerLossChoice(names: [], files: [])], "seed \(seed)")
        #expect(state.afterPowerLoss(again[0]).stateDigest() == state.stateDigest())
        #expect(disk.afterPowerLoss(choice).stateDigest() == state.stateDigest())
      }
    }
  }

  @Test(
    "Listing and crashing leave the disk as it was: clones copy what they write", arguments: seeds)
  func copyOnWrite(seed: UInt64) {
    Self.forEachPoint(seed, failing: true) { before, disk in
      let kept = (before.tree, before.stateDigest(), disk.stateDigest())
      var clone = disk
      for index in disk.inodes.indices
      where disk.inodes[index].isAlive && disk.inodes[index].kind == .regular {
        let number = InodeNumber(UInt32(index))
        clone.apply(
          .write(
            inode: number, offset: 3, bytes: WrittenBytes(filled(0xEE, 5000), at: 3)))
        clone.apply(.synchronizeRange(inode: number, range: 3..<5003))
        clone.apply(.setSize(inode: number, size: 17))
        clone.apply(.synchronize(inode: number, dataOnly: true))
      }
      for choice in disk.choices(Self.limits, seed: Seed(seed)) { _ = disk.afterPowerLoss(choice) }
      #expect((before.tree, before.stateDigest(), disk.stateDigest()) == kept, "seed \(seed)")
    }
  }

  @Test("A barrier makes the medium's content the cache's, page by page or whole", arguments: seeds)
  func covered(seed: UInt64) {
    Self.forEachPoint(seed, failing: seed % 2 == 0) { _, disk in
      var disk = disk
      for index in disk.inodes.indices where disk.inodes[index].isAlive {
        let inode = disk.inodes[index]
        guard inode.kind == .regular, inode.lost.isEmpty, inode.unwritten.isEmpty else { continue }
        disk.apply(.synchronize(inode: InodeNumber(UInt32(index)), dataOnly: true))
        let covered = disk.inodes[index]
        #expect(covered.durableSize == covered.cachedSize)
        func digest(_ content: FileContent) -> Digest {
          var hasher = DigestHasher()
          content.combine(size: FileContent.maximumSize, into: &hasher)
          return hasher.finish()
        }
        #expect(digest(covered.durable) == digest(covered.cached), "seed \(seed)")
        #expect(covered.durable.pageCount == covered.cached.pageCount)
      }
    }
  }

  @Test("Equal digests mean equal trees, and different trees different digests", arguments: seeds)
  func digests(seed: UInt64) {
    var trees: [Digest: [String: [UInt8]]] = [:]
    Self.forEachPoint(seed) { _, disk in
      for choice in disk.choices(Self.limits, seed: Seed(seed)) {
        let state = disk.afterPowerLoss(choice)
        let digest = state.stateDigest()
        if let known = trees[digest] {
          #expect(known == state.tree, "seed \(seed)")
        } else {
          trees[digest] = state.tree
        }
      }
    }
    #expect(trees.count > 10, "seed \(seed)")
  }

  @Test("A replayed recording makes the same disk", arguments: seeds)
  func replay(seed: UInt64) throws {
    var history = RandomHistory(
      Seed(seed).derived("history"), faults: RandomHistory.failingBarriers)
    for _ in 0..<40 { history.step() }
    let recording = try #require(history.lab.world.recording)
    var disk = recording.start
    for recorded in recording.operations { disk.apply(recorded.operation) }
    #expect(disk.stateDigest() == history.lab.disk.stateDigest(), "seed \(seed)")
    #expect(disk.tree == history.lab.disk.tree)
    #expect(disk.choices(Self.limits) == history.lab.disk.choices(Self.limits))
  }

  @Test("Every place that a recording names is hit by a fault keyed to it", arguments: seeds)
  func faultPlaces(seed: UInt64) throws {
    let name = Seed(seed).derived("history")
    var quiet = RandomHistory(name)
    for _ in 0..<30 { quiet.step() }
    for recorded in try #require(quiet.lab.world.recording).operations {
      guard let kind = FaultableOperation(rawValue: recorded.operation.kindName) else { continue }
      let fault = Fault(
        request: recorded.request, operation: kind, role: recorded.role, nth: recorded.nth,
        error: .ioError)
      var history = RandomHistory(name, faults: [fault])
      for _ in 0..<30 { history.step() }
      #expect(history.lab.world.faults.notFired.isEmpty, "seed \(seed): \(fault.text)")
    }
  }

  @Test(
    "What was permitted before an operation is permitted after it, without a barrier",
    arguments: seeds)
  func monotone(seed: UInt64) throws {
    var history = RandomHistory(
      Seed(seed).derived("history"), faults: RandomHistory.failingBarriers)
    for _ in 0..<40 { history.step() }
    let recording = try #require(history.lab.world.recording)
    var disk = recording.start
    for recorded in recording.operations {
      let before = disk
      disk.apply(recorded.operation)
      guard !recorded.operation.isBarrier, recorded.operation.kindName != "fallocate",
        !Self.givesUnwrittenPagesBack(recorded.operation, before)
      else { continue }
      for choice in before.choices(Self.limits, seed: Seed(seed)) {
        // Zeros: one kind of garbage is chosen for a file, and the new operation may add space.
        var old = choice
        for index in old.files.indices { old.files[index].garbage = .zeros }
        let extended = Self.extend(old, to: disk)
        #expect(disk.accepts(extended), "seed \(seed): \(choice.text)")
        #expect(
          disk.afterPowerLoss(extended).stateDigest() == before.afterPowerLoss(old).stateDigest(),
          "seed \(seed), operation \(disk.operationCount) \(recorded.operation.kindName)"
        )
      }
    }
  }

  /// Whether a truncation takes items out of a queue, so that an older choice fits no longer.
  static func givesUnwrittenPagesBack(_ operation: DiskOperation, _ disk: Disk) -> Bool {
    guard case .setSize(let inode, _) = operation else { return false }
    return disk[inode]?.unwritten.isEmpty == false
  }

  /// `choice`, with nothing kept of what came later.
  static func extend(_ choice: PowerLossChoice, to disk: Disk) -> PowerLossChoice {
    var result = disk.choice(keepingAll: false)
    for index in choice.names.indices { result.names[index] = choice.names[index] }
    let later = disk.pendingAttributes.count - choice.attributes.count
    result.attributes = choice.attributes + Array(repeating: false, count: later)
    for index in result.files.indices {
      guard let old = choice.files.first(where: { $0.inode == result.files[index].inode }) else {
        continue
      }
      var file = old
      file.data += Array(
        repeating: .none, count: result.files[index].data.count - file.data.count)
      result.files[index] = file
    }
    return result
  }

  @Test(
    "Nothing that a barrier covers and no later operation touches is lost or torn",
    arguments: PersistenceModelName.allCases, seeds)
  func durability(model: PersistenceModelName, seed: UInt64) {
    var history = RandomHistory(
      Seed(seed).derived("history"), DiskParameters(model: model),
      writingBack: !seed.isMultiple(of: 2))
    // By inode, the content that its last successful barrier covered, and which of its bytes no
    // later operation may have changed.
    var covered: [InodeNumber: Covered] = [:]
    var names: [EntryName: InodeNumber?] = [:]
    var applied = 0
    var checked = 0
    let limits = ExplosionLimits(exhaustiveUpTo: 8, samplesPerPoint: 3)
    for _ in 0..<40 {
      history.step()
      let disk = history.lab.disk
      let operations = history.lab.world.recording?.operations ?? []
      // A call is one operation on one file, with its barrier: the disk shows what that covered.
      for recorded in operations[applied...] {
        Self.follow(recorded.operation, disk, &covered, &names)
      }
      applied = operations.count
      for choice in disk.choices(limits, seed: Seed(seed)) {
        let state = disk.afterPowerLoss(choice)
        for (inode, known) in covered where state[inode] != nil {
          let isKept = known.isKept(in: state.bytes(inode))
          #expect(isKept, "seed \(seed), inode \(inode.rawValue): \(choice.text)")
        }
        checked += covered.count + names.count
        for (name, inode) in names {
          #expect(
            state.entry(name.name, in: name.directory) == inode, "seed \(seed): \(choice.text)")
        }
      }
    }
    #expect(checked > 0, "seed \(seed)")
  }

  static func follow(
    _ operation: DiskOperation, _ disk: Disk,
    _ covered: inout [InodeNumber: Covered],
    _ names: inout [EntryName: InodeNumber?]
  ) {
    switch operation {
    case .synchronize(let inode, _):
      let bytes = disk.bytes(inode)
      covered[inode] = Covered(bytes: bytes, intact: RangeSet(0..<bytes.count))
    case .write(let inode, let offset, let bytes):
      // Sectors are written whole, but with the bytes they had: only its own range is in doubt.
      covered[inode]?.touch(Int(offset)..<Int(offset) + bytes.count)
    case .setSize(let inode, let size):
      covered[inode]?.touch(Int(size)..<Int.max)
    case .allocate(let inode, let offset, let length, let mode):
      if mode.zeros { covered[inode]?.touch(Int(offset)..<Int(offset + length)) }
    case .synchronizeDirectory(let directory):
      guard disk[directory]?.names ?? 0 > 0 else { return }
      // The root is durable; the other directory's own name is covered by the root's barrier.
      guard directory == .root else { return }
      for name in ["a", "b", "c"] {
        let entry = EntryName(directory: directory, name: Array(name.utf8))
        names[entry] = .some(disk.entry(entry.name, in: directory))
      }
    case .create(let directory, let name, _, _, _, _, _, _), .link(_, let directory, let name),
      .unlink(let directory, let name), .removeDirectory(let directory, let name):
      names[EntryName(directory: directory, name: name)] = nil
    case .rename(let directory, let name, let newDirectory, let newName, _):
      names[EntryName(directory: directory, name: name)] = nil
      names[EntryName(directory: newDirectory, name: newName)] = nil
    case .synchronizeRange(let inode, let range):
      guard var known = covered[inode] else { return }
      let bytes = disk.bytes(inode)
      let written = Int(range.lowerBound)..<min(Int(range.upperBound), bytes.count)
      // A file that grew has bytes of which nobody promised anything.
      known.bytes += bytes.dropFirst(known.bytes.count)
      known.bytes.replaceSubrange(written, with: bytes[written])
      known.intact.insert(written)
      covered[inode] = known
    case .setAttributes, .setExtendedAttribute, .setTimes, .failedSynchronize,
      .failedSynchronizeDirectory, .writeBack, .dropPages, .evict, .synchronizeFileSystem, .stop,
      .reportError:
      break
    }
  }
}

/// What the last barrier of a file covered.
struct Covered {
  var bytes: [UInt8]
  /// The bytes that no later operation may have changed.
  var intact: RangeSet

  mutating func touch(_ range: Range<Int>) { intact.remove(range) }

  func isKept(in state: [UInt8]) -> Bool {
    intact.ranges.allSatisfy { range in
      state.count >= range.upperBound && state[range] == bytes[range]
    }
  }
}
