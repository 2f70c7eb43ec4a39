import Determinism
import DurabilityModel
import StorageInterface
import Testing

@Suite("The text form of a fault")
struct FaultTextTests {
  @Test("A fault reads back as it was printed, of every kind")
  func roundTrip() {
    var generator = PRNG(Seed(11))
    var tried = 0
    while tried < 2000 {
      let fault = Self.draw(&generator)
      guard fault.problem == nil else { continue }
      tried += 1
      #expect(Fault(parsing: fault.text) == fault, "seed 11: \(fault.text)")
    }
  }

  /// Any fault, also one that makes no sense.
  static func draw(_ generator: inout PRNG) -> Fault {
    let name = (0...generator.below(8)).map { _ in UInt8(generator.below(256)) }
    let role = FileRole(masking: name)
    let effect: FaultEffect =
      switch generator.below(8) {
      case 0: .short(generator.number(in: 1...5000))
      case 1: .slow(milliseconds: generator.number(in: 1...5000))
      case 2: .hangs
      case 3: .done
      default:
        .fails(
          FaultEffect.Failure(
            generator.pick(Errno.names).error,
            leaving: generator.chance(1, in: 3) ? generator.below(5000) : nil,
            after: generator.chance(1, in: 3) ? generator.pick(AfterFailedBarrier.allCases) : nil,
            lost: generator.pick(LostPages.allCases)))
      }
    let nth = generator.number(in: 1...1000)
    if generator.chance(1, in: 4) {
      return Fault(
        .background(
          generator.pick(Fault.BackgroundWork.allCases), role: role,
          file: generator.number(in: 1...20), nth: nth), effect)
    }
    return Fault(
      request: generator.next(), operation: generator.pick(FaultableOperation.allCases),
      role: role, nth: nth, effect)
  }

  @Test(
    "The forms, one of each",
    arguments: [
      "request=1000003 fdatasync wal-#.log nth=1 EIO",
      "request=7 write wal-#.log nth=2 ENOSPC after=100",
      "request=7 write wal-#.log nth=2 EIO state=xfs lost=last",
      "request=7 fsync * nth=1 EIO state=ext4-abort", "request=7 fsync * nth=1 EINTR",
      "request=7 read / nth=3 short=10", "request=7 write a nth=3 short=1",
      "request=7 getattr a nth=1 slow=50", "request=7 fsyncdir / nth=1 hangs",
      "write-back wal-#.log file=1 nth=3 EIO state=btrfs lost=first",
      "write-back wal-#.log file=1 nth=3 done", "evict wal-#.log file=2 nth=30 done",
    ])
  func forms(text: String) {
    #expect(Fault(parsing: text)?.text == text)
  }

  @Test(
    "What is no fault is refused with a sentence that says why",
    arguments: [
      ("", "a fault is"), ("request=1", "a fault is"), ("request=1 write * nth=1", "a fault is"),
      ("request=-1 write * nth=1 EIO", "\"request=-1\" should be the request's number"),
      ("request=1 writ * nth=1 EIO", "\"writ\" is no operation"),
      ("request=1 write * nth=0 EIO", "\"nth=0\" should be \"nth=\" and a number from 1"),
      ("request=1 write * nth=1 EIEIO", "\"EIEIO\" is no effect"),
      ("request=1 write * nth=1 EIO after=x", "\"after=x\" should be"),
      ("request=1 write * nth=1 EIO after=1 more", "\"more\" is a word too many"),
      ("request=1 write  nth=1 EIO", "the role is missing"),
      ("request=1 read * nth=1 EIO after=1", "\"after=\" is for a write"),
      ("request=1 read * nth=1 EIO state=xfs", "\"state=\" is for a barrier or a write"),
      ("request=1 fsync * nth=1 EIO state=zfs", "\"state=zfs\" is no after-state"),
      ("request=1 fsync * nth=1 EIO lost=some", "\"lost=some\" says no pages"),
      ("request=1 fsync * nth=1 short=4", "\"short=\" is for a read, a write or a copy-range"),
      ("request=1 read * nth=1 short=0", "\"short=0\" should be"),
      ("request=1 read * nth=1 done", "\"done\" is for background work"),
      ("write * nth=1 EIO request=1", "\"write\" should be the request's number"),
      ("write-back * file=1 nth=1 EMFILE", "a write-back fails with EIO, ENOSPC or EDQUOT"),
      ("write-back * file=1 nth=1 EIO state=flush", "a write-back flushes no device"),
      ("write-back * nth=1 EIO state=xfs", "\"nth=1\" should be \"file=\""),
      ("evict * file=1 nth=1 EIO", "an eviction is only \"done\""),
    ])
  func refused(text: String, why: String) {
    #expect(Fault(parsing: text) == nil)
    do throws(Fault.SyntaxError) {
      _ = try Fault(reading: text)
    } catch {
      #expect(error.description.hasPrefix(why), "\(error)")
    }
  }

  @Test("Random words are refused or read, and never trap")
  func garbage() {
    var generator = PRNG(Seed(12))
    let words = [
      "request=1", "write", "fsync", "*", "nth=1", "nth=99999999999999999999", "EIO", "after=",
      "after=-1", "state=", "lost=", "file=1", "write-back", "evict", "", "done", "short=9",
      "hangs",
    ]
    for _ in 0..<20_000 {
      let text = (0...generator.below(8)).map { _ in generator.pick(words) }.joined(separator: " ")
      if let fault = Fault(parsing: text) { #expect(Fault(parsing: fault.text) == fault) }
    }
  }
}
