import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol
import Testing

@testable import Harness

@Suite("A schedule's text")
struct ScheduleFileTests {
  /// A schedule with everything in it that one can hold.
  private var full: ScheduleFile {
    get throws {
      let choice = PowerLossChoice(
        names: [true, false, true],
        files: [
          .init(
            inode: InodeNumber(3), data: [.all, .none, .sectors([0, 2])], size: 2, exactSize: 77,
            garbage: .staleOldest, garbageSeed: 9)
        ])
      let put = Request.mutate(
        .put(
          RecordKey(id: Array("a b\n#".utf8)),
          RecordValue(vector: [-0.0, 1.5], metadata: .empty)), transaction: 7)
      let fault = try #require(
        Fault(parsing: "request=5 write wal-#.log nth=2 ENOSPC after=10"))
      return try ScheduleFile(
        parsing: """
          scenario smoke
          subject reference
          target fuse
          seed 0x00000000000000ff
          epoch 0
          fault \(fault.text)
          request \(ScheduledRequest(number: 5, request: put).text)
          crash point=9 power-loss pending-at=7 \(choice.text)
          epoch 1
          request \(ScheduledRequest(number: 1_000_001, request: .flush).text)
          crash point=3 process-crash
          violation acknowledged-write-lost
          state 000102030405060708090a0b0c0d0e0f
          """, file: "here")
    }
  }

  @Test("Parsing what was printed gives the same schedule")
  func identity() throws {
    let schedule = try full
    #expect(try ScheduleFile(parsing: schedule.text, file: "again") == schedule)
    #expect(schedule.epochs.count == 2)
    #expect(schedule.epochs[0].crash?.point == 9)
    #expect(schedule.epochs[0].crash?.origin == 7)
    #expect(schedule.epochs[1].crash?.kind == .process)
    #expect(schedule.epochs[0].faults.count == 1)
    var command = schedule
    command.subject = .command(["python3", "my subject.py", "--sync"])
    #expect(try ScheduleFile(parsing: command.text, file: "again") == command)
  }

  @Test(
    "A line that makes no sense is named with its number",
    arguments: [
      ("epoch 1", 1), ("request 1 {\"op\":\"flush\"}", 1), ("epoch 0\nrequest flush", 2),
      ("epoch 0\nfault request=1 fsync", 2), ("epoch 0\ncrash point=1", 2),
      ("epoch 0\ncrash point=1 power-loss pending-at=2 names=", 2), ("nonsense", 1),
      ("epoch 0\ncrash point=1 power-loss pending-at=1 names=2", 2),
    ])
  func refused(text: String, line: Int) {
    do {
      _ = try ScheduleFile(parsing: text, file: "bad")
      Issue.record("it was accepted: \(text)")
    } catch {
      #expect(error.message.hasPrefix("bad:\(line): "), "\(error.message)")
    }
  }

  @Test("Text that was cut or mutated is refused or read, and never traps")
  func mutated() throws {
    let bytes = Array(try full.text.utf8)
    var generator = PRNG(Seed(42))
    for _ in 0..<3000 {
      var copy = bytes
      for _ in 0..<generator.number(in: 1...3) {
        copy[generator.below(copy.count)] = UInt8(generator.below(256))
      }
      copy = Array(copy.prefix(generator.number(in: 1...copy.count)))
      if let schedule = try? ScheduleFile(
        parsing: String(decoding: copy, as: UTF8.self), file: "mutated")
      {
        #expect(try ScheduleFile(parsing: schedule.text, file: "again") == schedule)
      }
    }
  }
}
