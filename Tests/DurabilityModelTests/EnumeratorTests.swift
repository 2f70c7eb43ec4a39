import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("The choices at a crash point")
struct EnumeratorTests {
  /// A disk with `count` unsynced appends to one file.
  func appends(_ count: Int) throws -> Disk {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    for index in 0..<count {
      try lab.write(file.handle, filled(UInt8(index + 1), 100), at: UInt64(index * 100))
    }
    return lab.disk
  }

  @Test("Nothing pending: one state")
  func nothing() {
    let disk = Disk(parameters: DiskParameters())
    #expect(disk.choices() == [PowerLossChoice(names: [], files: [])])
    #expect(CrashStateEnumerator(disk: disk, limits: .init(), seed: Seed(1)).pendingCount == 0)
  }

  @Test("While the subsets are few, every subset of the pending operations is listed")
  func exhaustive() throws {
    for count in 1...5 {
      let disk = try appends(count)
      let listed = Set(
        disk.choices().filter { $0.files[0].exactSize == nil && !$0.tearsAnything }
          .map { $0.files[0].data.map { $0 == .all } }.map { $0.map { $0 ? "1" : "0" }.joined() })
      #expect(listed.count == 1 << count)
    }
  }

  @Test(
    "Past that the strata are there: none, all, each alone, all but one, prefixes, torn, random")
  func stratified() throws {
    let disk = try appends(10)
    let limits = ExplosionLimits(exhaustiveUpTo: 16, samplesPerPoint: 8)
    let choices = disk.choices(limits)
    let whole = Set(
      choices.map { $0.files[0].data.map { $0 == .none ? "0" : "1" }.joined() })
    let none = String(repeating: "0", count: 10)
    let all = String(repeating: "1", count: 10)
    #expect(whole.contains(none) && whole.contains(all))
    for place in 0..<10 {
      func marked(_ body: (Int) -> Bool) -> String {
        (0..<10).map { body($0) ? "1" : "0" }.joined()
      }
      #expect(whole.contains(marked { $0 == place }), "\(place) alone")
      #expect(whole.contains(marked { $0 != place }), "all but \(place)")
      #expect(whole.contains(marked { $0 < place }), "before \(place)")
    }
    #expect(choices.contains { $0.files[0].exactSize != nil })
    let fixed = ExplosionLimits(exhaustiveUpTo: 16, samplesPerPoint: 1)
    #expect(disk.choices(fixed).count + 7 == choices.count, "samples never depend on time")
  }

  @Test("An operation alone comes with the names it cannot do without")
  func aloneWithNames() throws {
    let lab = Lab()
    for index in 0..<8 { try lab.create("f\(index)") }
    try lab.rename("f0", to: "g")
    let limits = ExplosionLimits(exhaustiveUpTo: 4, samplesPerPoint: 1)
    let names = lab.disk.choices(limits).map(\.names)
    #expect(names.contains([true] + Array(repeating: false, count: 7) + [true]))
    #expect(names.allSatisfy { !$0[8] || $0[0] })
  }

  @Test("Only new states: each keeps something of the newest operation")
  func onlyNew() throws {
    for count in [3, 12] {
      let disk = try appends(count)
      for choice in disk.choices(ExplosionLimits(), onlyNew: true) {
        let file = choice.files[0]
        let keepsNewest =
          file.data[count - 1] != .none || file.size == count || file.exactSize != nil
        // Where it lacks something, a sample may be a state of the past; never when all are listed.
        #expect(keepsNewest || count == 12)
      }
    }
  }

  @Test("Together the new states of every point are all the states of the last")
  func newStatesAdd() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 600))
    let start = lab.disk
    try lab.write(file.handle, filled(2, 600), at: 0)
    try lab.world.setSize(file.handle, to: 100)
    try lab.rename("a", to: "b")
    try lab.write(file.handle, filled(3, 100), at: 100)
    let recording = try #require(lab.world.recording)
    let recorded = recording.operations.suffix(4)
    var disk = start
    var seen: Set<[String: [UInt8]]> = [start.tree]
    let limits = ExplosionLimits(exhaustiveUpTo: 256)
    for operation in recorded {
      disk.apply(operation.operation)
      for choice in disk.choices(limits, onlyNew: true) {
        seen.insert(disk.afterPowerLoss(choice).tree)
      }
    }
    let whole = disk.choices(limits).filter {
      $0.files.allSatisfy { $0.garbage == .zeros } && !$0.tearsAnything
    }
    for choice in whole {
      #expect(seen.contains(disk.afterPowerLoss(choice).tree), "\(choice.text)")
    }
  }

  @Test("A tear of a huge truncation stays small")
  func hugeTruncation() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [1])
    try lab.world.setSize(file.handle, to: FileContent.maximumSize)
    try lab.sync(file.handle)
    try lab.world.setSize(file.handle, to: 0)
    for choice in lab.disk.choices() {
      for case .sectors(let sectors) in choice.files[0].data { #expect(sectors.count <= 4096) }
    }
  }

  @Test("Choices for another disk, or that nothing permits, are not accepted")
  func accepts() throws {
    let lab = Lab()
    try lab.create("t")
    try lab.rename("t", to: "u")
    let handle = try lab.open("u")
    try lab.write(handle, filled(1, 1024), at: 0)
    let good = lab.disk.choice(keepingAll: true)
    #expect(lab.disk.accepts(good))
    func refuses(_ change: (inout PowerLossChoice) -> Void) -> Bool {
      var choice = good
      change(&choice)
      return !lab.disk.accepts(choice)
    }
    #expect(refuses { $0.names = [] })
    #expect(refuses { $0.names = [false, true] }, "a rename without the creation it needs")
    #expect(refuses { $0.files[0].size = 2 })
    #expect(refuses { $0.files[0].size = -1 })
    #expect(refuses { $0.files[0].data = [] })
    #expect(refuses { $0.files[0].data = [.sectors([2])] })
    #expect(refuses { $0.files[0].data = [.sectors([-1])] })
    #expect(refuses { $0.files[0].data = [.sectors([1, 0])] })
    #expect(refuses { $0.files[0].data = [.sectors([1, 1])] })
    #expect(refuses { $0.files[0].exactSize = 10 }, "a size and an exact size")
    #expect(
      refuses {
        $0.files[0].size = 0
        $0.files[0].exactSize = 1025
      })
    #expect(refuses { $0.files[0].inode = InodeNumber(9) })
    #expect(refuses { $0.files.append($0.files[0]) })
    #expect(!refuses { $0.files = [] }, "a file that is not named keeps nothing")
    #expect(!refuses { $0.files[0].data = [.sectors([])] })
  }

  @Test(
    "What is no choice is not read",
    arguments: [
      "", " ", "names", "names=2", "names=1 file", "names=1 file=x:data=1:size=0:garbage=zeros/0",
      "names= file=2:data=1:size=0:garbage=dirt/0", "names= file=2:data=1:size=0:garbage=zeros",
      "names= file=2:data=[1:size=0:garbage=zeros/0",
      "names= file=2:data=1:size=-1:garbage=zeros/0",
      "names= file=2:data=1:size=@-1:garbage=zeros/0",
      "names= file=2:data=[x]:size=0:garbage=zeros/0",
      "file=2:data=1:size=0:garbage=zeros/0",
    ])
  func refusedText(text: String) {
    #expect(PowerLossChoice(parsing: text) == nil)
  }

  @Test("A choice has a text that people can read, and reads back as it was")
  func text() {
    let choice = PowerLossChoice(
      names: [true, false],
      files: [
        .init(
          inode: InodeNumber(2), data: [.all, .none, .sectors([0, 3]), .sectors([])], size: 1),
        .init(
          inode: InodeNumber(3), data: [], size: 0, exactSize: 77, garbage: .staleOldest,
          garbageSeed: 9),
      ])
    #expect(
      choice.text
        == "names=10 file=2:data=1,0,[0.3],[]:size=1:garbage=zeros/0"
        + " file=3:data=:size=@77:garbage=stale-oldest/9")
    #expect(PowerLossChoice(parsing: choice.text) == choice)
    let empty = PowerLossChoice(names: [], files: [])
    #expect(PowerLossChoice(parsing: empty.text) == empty)
    #expect(choice.dropsAnything && choice.keepsAnything && choice.tearsAnything)
    #expect(!empty.dropsAnything && !empty.keepsAnything && !empty.tearsAnything)
  }

  @Test("What was pending and what became of it is told in issue order")
  func description() throws {
    let lab = Lab()
    let handle = try lab.open(try lab.create("a"))
    try lab.write(handle, filled(1, 1024), at: 0)
    var choice = lab.disk.choice(keepingAll: true)
    choice.names = [false]
    choice.files[0].data = [.sectors([1])]
    choice.files[0].size = 0
    choice.files[0].exactSize = 600
    let lines = lab.disk.describePending(choice)
    #expect(lines.map(\.operation) == [1, 2, 2])
    #expect(lines.map(\.kept) == ["dropped", "torn   ", "torn   "])
    #expect(lines[1].detail == "bytes 0..<1024, sectors 1 of 512 bytes")
    #expect(lines[2].detail == "size 0 to 1024, ends at 600, garbage zeros")
  }
}
