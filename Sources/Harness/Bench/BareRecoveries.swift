import CBareServer
import Determinism
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import SubjectProtocol
import Subjects

/// The peer of the target `fuse`: a loop in C that has a subject in C make the very calls of the
/// reference's recoveries, on a server that records and judges nothing.
///
/// The calls are noted from recoveries of crash states that an exploration met; so are the lengths
/// of the lines that go to and fro.
struct BareRecoveries {
  /// What `cbare_recover` reads.
  let script: String
  /// How many crash states it has.
  let stateCount: Int

  /// As many as the C side has room for.
  private static let stateLimit = 64

  /// Notes the calls of recoveries from some of the states of `seeds` seeds of the session's
  /// scenario.
  init(of plain: SubjectSession, seeds: Int) throws(RunError) {
    let sampled = SampledTarget(SimulatedTarget { ReferenceSubject(storage: $0) })
    defer { sampled.shutDown() }
    let session = try SubjectSession(
      target: sampled, kind: .sim, scenarioName: plain.scenarioName, scenario: plain.scenario,
      subjectName: plain.subjectName)
    for seed in 0..<seeds {
      var explorer = Explorer(session: session, seed: Seed(0xBE7C).derived("bench", seed))
      explorer.isInterrupted = isInterrupted
      try explorer.run()
    }
    let step = max(1, sampled.disks.count / Self.stateLimit)
    let disks = stride(from: 0, to: sampled.disks.count, by: step).map { sampled.disks[$0] }
      .prefix(Self.stateLimit)
    guard !disks.isEmpty else { throw .harness("the bench's own workload has no crash states") }
    var lines: [String] = []
    for disk in disks {
      do throws(Errno) {
        lines += try Self.lines(disk, session)
      } catch {
        throw .harness("a crash state of the bench cannot be listed: \(error)")
      }
    }
    script = lines.joined(separator: "\n") + "\n"
    stateCount = disks.count
  }

  /// The part of the script for one crash state.
  private static func lines(_ disk: Disk, _ session: SubjectSession) throws(Errno) -> [String] {
    var lines = ["state"]
    let plain = SimulatedStorage(world: World(disk: disk))
    for name in try plain.list("") {
      let file = try plain.open(name, .read)
      lines.append("file \(name) \(try plain.size(file))")
      plain.close(file)
    }
    let notes = CallNotes()
    let world = World(disk: disk)
    let subject = ReferenceSubject { (_: String) throws(Errno) -> any Storage in
      NotingStorage(SimulatedStorage(world: world), notes)
    }
    let requests = [onMount(session.open), .dump, .close]
    for _ in 0..<2 {
      lines.append("round")
      for request in requests {
        lines.append("request \(RequestEncoder.line(request, number: nil).count)")
      }
      for request in requests {
        notes.lines.removeAll()
        let answer = subject.answer(request)
        lines += notes.lines
        lines.append("answer \(AnswerEncoder.line(answer, number: nil).count)")
      }
    }
    return lines
  }

  /// The `open` with a path as long as the mount's are.
  private static func onMount(_ open: Request) -> Request {
    guard case .open(_, let dimension, let options) = open else { return open }
    return .open(
      directory: "/tmp/torture-0/10000-0/mount/w1000", dimension: dimension, options: options)
  }

  /// How many recoveries a second the loop makes, measured for `seconds`.
  func measure(seconds: Double) throws(RunError) -> Double {
    let run: RunDirectory
    do throws(RunDirectoryFailure) { run = try RunDirectory() } catch {
      throw .notMeasured("\(error)")
    }
    defer { run.remove() }
    let rate = cbare_recover(run.mountPoint, script, seconds)
    guard rate > 0 else {
      throw .notMeasured(
        "the bare loop of recoveries fails: "
          + (rate == -2 ? "its script is wrong" : String(cString: strerror(errno))))
    }
    return rate
  }
}
