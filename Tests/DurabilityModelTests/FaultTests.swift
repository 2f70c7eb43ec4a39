import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Faults and file roles")
struct FaultTests {
  static func fault(
    _ request: UInt64, _ operation: FaultableOperation, _ role: String = "*", nth: Int = 1,
    error: Errno = .ioError, leaving: Int? = nil
  ) -> Fault {
    Fault(
      request: request, operation: operation, role: FileRole(name: role), nth: nth, error: error,
      leaving: leaving)
  }

  @Test("A fault fires at the n-th operation of its kind, role and request, and once")
  func key() throws {
    let lab = Lab(faults: [Self.fault(7, .write, "wal-#.log", nth: 2)])
    let log = try lab.open(try lab.create("wal-0001.log"))
    let other = try lab.open(try lab.create("snapshot"))
    lab.world.beginRequest(6)
    for _ in 0..<3 { try lab.write(log, [1], at: 0) }
    lab.world.beginRequest(7)
    for _ in 0..<3 { try lab.write(other, [1], at: 0) }
    try lab.sync(log)
    try lab.write(log, [1], at: 0)
    #expect(lab.world.faults.notFired.count == 1)
    // Another file of the same role counts on.
    let second = try lab.open(try lab.create("wal-0002.log"))
    #expect(failure { try lab.write(second, [1], at: 0) } == .ioError)
    #expect(lab.world.firedFaults == 1 && lab.world.faults.notFired.isEmpty)
    for _ in 0..<3 { try lab.write(log, [1], at: 0) }
    #expect(lab.world.firedFaults == 1)
  }

  @Test("Faults whose place no longer exists are told as not fired")
  func notFired() throws {
    let plan = [
      Self.fault(1, .fsync, "wal-#.log"), Self.fault(2, .write), Self.fault(2, .write, nth: 9),
      Self.fault(3, .rename),
    ]
    let lab = Lab(faults: plan)
    lab.world.beginRequest(2)
    let handle = try lab.open(try lab.create("a"))
    #expect(failure { try lab.write(handle, [1], at: 0) } == .ioError)
    #expect(lab.world.faults.fired == [false, true, false, false])
    #expect(lab.world.faults.notFired == [plan[0], plan[2], plan[3]])
  }

  @Test("A fault has fired once what it did to the disk is recorded, and not before")
  func met() throws {
    let plan = [
      Self.fault(1, .open, error: .tooManyOpenFiles), Self.fault(2, .fdatasync),
      Self.fault(3, .write),
      Self.fault(4, .write, leaving: 1), Self.fault(5, .rename),
    ]
    let lab = Lab(faults: plan)
    // Two operations come first: a file is made, and written to.
    let file = try lab.create("a")
    let handle = try lab.open(file)
    try lab.write(handle, [1], at: 0)
    lab.world.beginRequest(1)
    #expect(failure { _ = try lab.open(file) } == .tooManyOpenFiles)
    lab.world.beginRequest(2)
    // Leaves an operation of its own.
    #expect(failure { try lab.sync(handle) } == .ioError)
    lab.world.beginRequest(3)
    #expect(failure { try lab.write(handle, [1, 2], at: 0) } == .ioError)
    lab.world.beginRequest(4)
    // Leaves the first byte.
    #expect(failure { try lab.write(handle, [3, 4], at: 0) } == .ioError)
    try lab.write(handle, [5], at: 8)
    #expect(lab.world.recording?.operations.count == 5)
    #expect(lab.world.faults.met(by: 1) == [])
    #expect(lab.world.faults.met(by: 2) == [plan[0]])
    #expect(lab.world.faults.met(by: 3) == Array(plan[0...2]))
    #expect(lab.world.faults.met(by: 4) == Array(plan[0...3]))
    #expect(lab.world.faults.met(by: .max) == Array(plan[0...3]))
  }

  @Test("Two faults of one place: the first fires, the second is told as not fired")
  func twoOfOnePlace() throws {
    let lab = Lab(faults: [Self.fault(0, .unlink), Self.fault(0, .unlink, error: .noSpace)])
    try lab.create("a")
    #expect(failure { try lab.unlink("a") } == .ioError)
    try lab.unlink("a")
    #expect(lab.world.faults.fired == [true, false])
  }

  @Test(
    "Every kind of operation can fail, and then changes nothing",
    arguments: FaultableOperation.allCases)
  func everyOperation(operation: FaultableOperation) throws {
    let lab = Lab(faults: [Self.fault(1, operation, error: .noSpace)])
    let file = try lab.durableFile("a", filled(1, 10))
    let directory = try lab.makeDirectory("d")
    let symbolicLink = try lab.world.makeSymbolicLink(
      Array("s".utf8), in: .root, target: Array("a".utf8), user: 0, group: 0)
    let before = lab.disk.stateDigest()
    lab.world.beginRequest(1)
    let root = InodeNumber.root
    let name = Array("a".utf8)
    let new = Array("n".utf8)
    let error = failure {
      switch operation {
      case .create: try lab.create("n")
      case .open: _ = try lab.open("a")
      case .read:
        var buffer: [UInt8] = [0]
        try buffer.withUnsafeMutableBytes { _ = try lab.world.read(file.handle, at: 0, into: $0) }
      case .write: try lab.write(file.handle, [2], at: 0)
      case .truncate: try lab.world.setSize(file.handle, to: 3)
      case .fsync: try lab.world.synchronize(file.handle, dataOnly: false)
      case .fdatasync: try lab.world.synchronize(file.handle, dataOnly: true)
      case .fsyncdir: try lab.syncRoot()
      case .rename: try lab.rename("a", to: "n")
      case .unlink: try lab.unlink("a")
      case .link: try lab.world.link(file.inode, as: new, in: root)
      case .symlink:
        _ = try lab.world.makeSymbolicLink(new, in: root, target: name, user: 0, group: 0)
      case .mkdir: try lab.makeDirectory("n")
      case .rmdir: try lab.world.removeDirectory(Array("d".utf8), in: root)
      case .readdir: _ = try lab.world.entries(of: directory)
      case .lookup: _ = try lab.world.lookup(name, in: root)
      case .getattr: _ = try lab.world.size(of: file.handle)
      case .setattr: try lab.world.setMode(file.inode, 0o600)
      case .readlink: _ = try lab.world.readLink(symbolicLink)
      case .statfs: _ = try lab.world.space()
      case .fallocate, .seek, .copyRange, .syncfs, .syncRange, .opendir, .getxattr, .setxattr,
        .listxattr, .removexattr:
        try lab.world.admit(operation, file.inode)
      }
    }
    #expect(error == .noSpace)
    // A file barrier that fails is remembered for syncfs.
    let isRemembered = operation == .fsync || operation == .fdatasync
    #expect((lab.disk.stateDigest() == before) != isRemembered)
    #expect(lab.world.firedFaults == 1 && lab.world.hindrances == 1)
  }

  @Test("A failed write leaves its prefix in the cache, volatile even where it was synchronous")
  func partialWrite() throws {
    for (leaving, left) in [(0, 0), (100, 100), (5000, 1000)] {
      let lab = Lab(faults: [Self.fault(1, .write, error: .noSpace, leaving: leaving)])
      let file = try lab.durableFile("a", [])
      lab.world.beginRequest(1)
      #expect(
        failure { try lab.write(file.handle, filled(1, 1000), at: 0, .synchronous) } == .noSpace)
      #expect(lab.disk.bytes(file.inode) == filled(1, left))
      #expect(lab.disk.trees.contains(["a": []]))
    }
  }

  @Test("Opening with O_TRUNC meets the fault of the truncation too, and then truncates nothing")
  func truncatingOpen() throws {
    let lab = Lab(faults: [Self.fault(1, .truncate)])
    let file = try lab.durableFile("a", filled(1, 10))
    lab.world.beginRequest(1)
    #expect(failure { _ = try lab.world.open(file.inode, truncating: true) } == .ioError)
    #expect(lab.disk.bytes(file.inode) == filled(1, 10))
    _ = try lab.world.open(file.inode, truncating: true)
    #expect(lab.disk.bytes(file.inode) == [])
  }

  @Test(
    "Roles mask digits and long hexadecimal numbers, and nothing else",
    arguments: [
      ("wal-00000017.log", "wal-#.log"), ("wal-00000018.log", "wal-#.log"), ("", "/"),
      ("MANIFEST-000004", "MANIFEST-#"), ("1", "#"), ("x1y22z333", "x#y#z#"),
      ("0123456789abcdef.tmp", "#.tmp"), ("deadbeef", "#"), ("deadbee", "deadbee"),
      ("snapshot", "snapshot"), ("cafe-1", "cafe-#"), ("two words", "two_words"),
      ("tab\t", "tab_"), ("pid12345.sock", "pid#.sock"), ("a..b", "a..b"),
    ])
  func roles(name: String, role: String) {
    #expect(FileRole(masking: Array(name.utf8)).name == role)
  }

  @Test("Roles are compared by their bytes")
  func roleBytes() {
    let composed = FileRole(masking: Array("\u{e9}".utf8))
    let decomposed = FileRole(masking: Array("e\u{301}".utf8))
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, composed]).count == 2)
  }

  @Test("A recording numbers operations by kind and role within a request")
  func recordedPlaces() throws {
    let lab = Lab()
    lab.world.beginRequest(5)
    let first = try lab.open(try lab.create("wal-1"))
    let second = try lab.open(try lab.create("wal-2"))
    try lab.write(first, [1], at: 0)
    try lab.write(second, [1], at: 0)
    lab.world.beginRequest(6)
    try lab.write(second, [1], at: 1)
    let operations = try #require(lab.world.recording).operations
    #expect(operations.map(\.request) == [5, 5, 5, 5, 6])
    #expect(operations.map(\.nth) == [1, 2, 1, 2, 1])
    #expect(operations.allSatisfy { $0.role.name == "wal-#" })
    #expect(
      operations.map(\.operation.kindName) == ["create", "create", "write", "write", "write"])
  }
}
