import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Attributes at a power cut")
struct AttributeLossTests {
  private static let name = Array("user.a".utf8)

  /// What stat and getxattr show of the file `f` in each state of a power cut, sorted.
  private static func shown(_ disk: Disk) -> [String] {
    Set(disk.states().map(facts)).sorted()
  }

  private static func facts(_ disk: Disk) -> String {
    let world = World(disk: disk)
    guard let inode = try? world.lookup(Array("f".utf8), in: .root),
      let attributes = try? world.attributes(inode)
    else { return "gone" }
    let value = try? world.extendedAttribute(name, of: inode)
    return "\(attributes.mode) \(attributes.user) \(value.map { "\($0)" } ?? "-")"
  }

  private static func file() throws -> (lab: Lab, inode: InodeNumber, handle: HandleID) {
    let lab = Lab()
    let file = try lab.durableFile("f", [1, 2, 3])
    try lab.world.setMode(file.inode, 0)
    try lab.world.synchronize(file.handle, dataOnly: false)
    return (lab, file.inode, file.handle)
  }

  @Test("A change of mode, owner or extended attribute that no fsync covered is there or not")
  func eitherWay() throws {
    let changes: [(String, (World, InodeNumber) throws -> Void)] = [
      ("7 0 -", { try $0.setMode($1, 7) }),
      ("0 5 -", { try $0.setOwner($1, user: 5, group: nil) }),
      ("0 0 [9]", { try $0.setExtendedAttribute(Self.name, of: $1, to: [9], .any) }),
    ]
    for (after, change) in changes {
      let (lab, inode, _) = try Self.file()
      try change(lab.world, inode)
      #expect(lab.disk.pendingCount == 1)
      #expect(Self.shown(lab.disk) == ["0 0 -", after].sorted())
      #expect(Self.facts(lab.disk.afterProcessCrash()) == after)
    }
  }

  @Test("fsync covers attributes, fdatasync does not, and nor does a failed fsync")
  func barriers() throws {
    let (lab, inode, handle) = try Self.file()
    try lab.world.setMode(inode, 7)
    try lab.world.synchronize(handle, dataOnly: true)
    #expect(Self.shown(lab.disk) == ["0 0 -", "7 0 -"])
    try lab.world.synchronize(handle, dataOnly: false)
    #expect(Self.shown(lab.disk) == ["7 0 -"])
    #expect(lab.disk.pendingCount == 0)
  }

  @Test("The attributes of a file are one record: the newest kept change brings the earlier ones")
  func oneRecord() throws {
    let (lab, inode, _) = try Self.file()
    try lab.world.setMode(inode, 7)
    try lab.world.setExtendedAttribute(Self.name, of: inode, to: [9], .create)
    try lab.world.removeExtendedAttribute(Self.name, of: inode)
    #expect(Self.shown(lab.disk) == ["0 0 -", "7 0 -", "7 0 [9]"])
  }

  @Test(
    "A file and its directory keep theirs independently, and a directory's fsync covers its own")
  func directories() throws {
    let (lab, inode, _) = try Self.file()
    let directory = try lab.makeDirectory("d")
    try lab.syncRoot()
    try lab.world.setMode(directory, 0o700)
    try lab.world.setMode(inode, 7)
    let modes = Set(
      lab.disk.states().map { "\($0[directory]?.mode ?? 0) \($0[inode]?.mode ?? 0)" })
    #expect(modes.sorted() == ["448 0", "448 7", "493 0", "493 7"])
    try lab.world.synchronizeDirectory(directory, dataOnly: false)
    #expect(lab.disk.states().allSatisfy { $0[directory]?.mode == 0o700 })
  }

  @Test("Times that a program set show as long as nothing else changed the file")
  func times() throws {
    let (lab, inode, handle) = try Self.file()
    let time = FileTime(seconds: 12, nanoseconds: 34)
    try lab.world.setTimes(inode, accessed: .set(time), modified: .set(time))
    try lab.world.synchronize(handle, dataOnly: false)
    let kept = World(disk: try #require(lab.disk.states().first))
    #expect(try kept.attributes(inode).modificationTime == .set(time))
    #expect(try kept.attributes(inode).accessTime == .set(time))
    try lab.write(handle, [1], at: 0)
    #expect(try lab.world.attributes(inode).modificationTime != .set(time))
    #expect(try lab.world.attributes(inode).accessTime == .set(time))
  }

  @Test("Where the model of a real file system holds, attributes are durable at once")
  func otherModels() throws {
    for model in PersistenceModelName.allCases where model != .posixMin {
      let lab = Lab(DiskParameters(model: model))
      let file = try lab.durableFile("f", [1])
      try lab.world.setMode(file.inode, 7)
      #expect(lab.disk.pendingCount == 0)
      #expect(Self.shown(lab.disk) == ["7 0 -"], "\(model)")
    }
  }

  @Test("A choice of attributes has a text form, and one without marks keeps all")
  func choices() throws {
    let (lab, inode, _) = try Self.file()
    try lab.world.setMode(inode, 7)
    let dropping = PowerLossChoice(names: [], attributes: [false], files: [])
    #expect(dropping.text == "names= attributes=0")
    #expect(PowerLossChoice(parsing: dropping.text) == dropping)
    #expect(PowerLossChoice(parsing: "names= attributes=2") == nil)
    #expect(PowerLossChoice(parsing: "names= attributes=") == nil)
    #expect(lab.disk.accepts(dropping) && dropping.dropsAnything && !dropping.keepsAnything)
    #expect(!lab.disk.accepts(PowerLossChoice(names: [], attributes: [true, false], files: [])))
    #expect(Self.facts(lab.disk.afterPowerLoss(dropping)) == "0 0 -")
    let silent = PowerLossChoice(names: [], files: [])
    #expect(Self.facts(lab.disk.afterPowerLoss(silent)) == "7 0 -")
    #expect(lab.disk.dropped(by: lab.disk.keepingNothing) == [lab.disk.operationCount])
  }
}
