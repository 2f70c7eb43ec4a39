import Determinism
@testable import DurabilityModel
import FaultFS
import Glibc
import Testing

/// The same calls on a world alone and on a world behind the mount: the targets `sim` and `fuse`.
@Suite("A world alone and behind the mount", .serialized, .enabled(if: Machine.hasFuse))
struct TargetsAgreeTests {
  @Test("See the same operations and permit the same crash states")
  func agree() throws {
    var kinds: Set<String> = []
    var states = 0
    try Self.play(.direct) { seed, alone, served in
      let recordings = (Self.operations(alone), Self.operations(served))
      #expect(recordings.0.count == recordings.1.count, "seed \(seed)")
      for (index, (first, second)) in zip(recordings.0, recordings.1).enumerated() {
        #expect(first.operation == second.operation, "seed \(seed), operation \(index)")
        #expect(first.role == second.role && first.nth == second.nth)
        kinds.insert(first.operation.kindName)
      }
      states += Self.compare(alone.disk, served.disk, Seed(seed))
    }
    #expect(states > 200)
    // Every kind that a program's calls can come to, so that none is left out by accident.
    #expect(kinds.isSuperset(of: Self.kinds), "\(Self.kinds.subtracting(kinds).sorted())")
  }

  @Test("A cached mount sees the same operations, but that the kernel may split a write at a page")
  func agreeWhereSplit() throws {
    try Self.play(.cached) { seed, alone, served in
      let (first, second) = (Self.joined(alone), Self.joined(served))
      #expect(first.elementsEqual(second), "seed \(seed)")
      #expect(alone.disk.inodeCount == served.disk.inodeCount)
      for number in 1..<alone.disk.nextInode.rawValue {
        let inode = InodeNumber(number)
        #expect(
          alone.disk[inode]?.contentDigest == served.disk[inode]?.contentDigest,
          "seed \(seed), inode \(number)")
      }
    }
  }

  /// What random calls seldom succeed with.
  static let rareCalls: [FileCall] = [
    .makeDirectory(path: "z", mode: 0o755), .removeDirectory(path: "z"),
    .makeDirectory(path: "y", mode: 0o755),
    .open(slot: 0, path: "y", flags: O_RDONLY | O_DIRECTORY, mode: 0),
    .synchronize(slot: 0, dataOnly: false), .synchronize(slot: 0, dataOnly: true),
    .setAttribute(path: "y", name: "user.a", value: .init(first: 1, count: 9), flags: 0),
    .removeAttribute(path: "y", name: "user.a"),
  ]

  /// Plays random calls on a world alone and on one behind a mount.
  static func play(
    _ mode: MountOptions.CacheMode, _ body: (UInt64, World, World) -> Void
  ) throws {
    var options = MountOptions()
    options.mode = mode
    let server = try MountServer(options)
    defer { server.stop() }
    for seed in 1...24 as ClosedRange<UInt64> {
      // Mapped pages arrive whole, when the kernel likes: only the mount has them.
      var generator = CallGenerator(Seed(seed).derived("targets"), maps: false)
      let calls = Self.rareCalls + generator.history(90)
      let (path, served) = server.attach(recording: true)
      var mounted = MountedTree(base: path)
      let plain = PlainTree(user: geteuid(), group: getegid(), mask: Environment.mask)
      let world = World(disk: Disk(parameters: DiskParameters()), recording: true)
      var alone = WorldTree(world, plain)
      for call in calls {
        let (first, second) = (alone.perform(call), mounted.perform(call))
        #expect(first == second, "seed \(seed): \(call)")
      }
      mounted.closeAll()
      alone.closeAll()
      body(seed, world, served)
    }
  }

  static func operations(_ world: World) -> [RecordedOperation] {
    world.recording?.operations ?? []
  }

  /// An operation, with writes told by their range alone and contiguous ones joined.
  enum Joined: Equatable {
    case write(InodeNumber, Range<UInt64>, WriteDurability)
    case other(DiskOperation)
  }

  static func joined(_ world: World) -> [Joined] {
    var result: [Joined] = []
    for recorded in operations(world) {
      guard case .write(let inode, let offset, let bytes, let durability) = recorded.operation
      else {
        result.append(.other(recorded.operation))
        continue
      }
      let range = offset..<offset + UInt64(bytes.count)
      if case .write(inode, let before, durability) = result.last,
        before.upperBound == range.lowerBound
      {
        result[result.count - 1] = .write(
          inode, before.lowerBound..<range.upperBound, durability)
      } else {
        result.append(.write(inode, range, durability))
      }
    }
    return result
  }

  static let kinds: Set<String> = [
    "create", "mkdir", "symlink", "mknod", "link", "unlink", "rmdir", "rename", "write", "truncate",
    "fallocate", "setattr", "setxattr", "removexattr", "utimens", "fsync", "fdatasync", "fsyncdir",
  ]

  /// Compares two disks and their crash states; how many of these there were.
  static func compare(_ first: Disk, _ second: Disk, _ seed: Seed) -> Int {
    #expect(first.stateDigest() == second.stateDigest())
    #expect(first.pendingCount == second.pendingCount)
    #expect(first.pendingNames.map(\.operation) == second.pendingNames.map(\.operation))
    func states(_ disk: Disk) -> [Digest] {
      var result: [Digest] = []
      CrashStateEnumerator(
        disk: disk, limits: ExplosionLimits(exhaustiveUpTo: 16, samplesPerPoint: 8), seed: seed
      ).forEachChoice(onlyNew: false) { result.append(disk.afterPowerLoss($0).stateDigest()) }
      return result
    }
    let (left, right) = (states(first), states(second))
    #expect(left == right)
    return left.count
  }
}

extension Inode {
  /// The digest of what its file holds, whenever it was written.
  fileprivate var contentDigest: Digest {
    var hasher = DigestHasher()
    cached.combine(size: cachedSize, into: &hasher)
    return hasher.finish()
  }
}
