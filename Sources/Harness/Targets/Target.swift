import DurabilityModel
import Scenarios
import SubjectProtocol

/// Where subjects live: `sim` in this process, `fuse` behind a real mount.
///
/// A target belongs to one worker and its thread. It runs one subject process at a time, in one
/// world at a time; it decides nothing about the disk.
protocol Target: AnyObject {
  /// What a subject's process may use.
  var limits: Scenario.Limits { get set }

  /// By how much the time limit is stretched: 1, or 10 to confirm a hang.
  var patience: Int { get set }

  /// When the clock of the next process begins, in seconds since 1970; for programs of others.
  var clock: Int { get set }

  /// Whether the subject takes the time at which its clock begins as an option.
  var takesClock: Bool { get }

  /// Asks a fresh process what it is; `hello` is from then on the first request of every process.
  func describe(_ hello: Request) throws(RunError) -> SubjectDescription

  /// Makes `world` the one that the next requests work in. With `freshProcess` the subject is a new
  /// process that has seen nothing; otherwise it may be one that has finished with earlier worlds.
  func enter(_ world: World, freshProcess: Bool) throws(RunError)

  /// Whether requests may be sent before the ones before them were answered, and are done one after
  /// the other all the same: a subject that takes one request at a time reads the next line when it
  /// has answered the last.
  var takesRequestsAhead: Bool { get }

  /// Sends a request without waiting for the answer. Operations from now on belong to `window`, the
  /// first of the requests that may be outstanding together.
  ///
  /// What is returned ended the subject's process before the request could be sent.
  func send(
    _ request: Request, number: UInt64, window: UInt64
  ) throws(RunError) -> SubjectBreakdown?

  /// Waits for the next answer to any of the outstanding requests. After `broken` none is
  /// outstanding.
  func receive() throws(RunError) -> Reply

  /// Whether the subject gives another answer before it waits for something: then that is taken
  /// before more is sent, so that what is sent does not depend on who of the two is faster.
  func anotherAnswerComes() -> Bool

  /// Brings what the subject's shared mappings stored to its world, where it has any; the subject
  /// waits for a request meanwhile.
  func pullMappedStores() throws(RunError)

  /// Ends the subject's process at once, as a crash does.
  func endProcess()

  /// The rows of the subject's recovery table that were met since this was last asked, a bit each;
  /// 0 where the subject has none, or lives in a process of its own.
  func takeRecoveryRows() -> UInt32

  /// Gives back everything: no process, no mount, no directory is left.
  func shutDown()
}

extension Target {
  func takeRecoveryRows() -> UInt32 { 0 }

  /// Waits for the answer to a request that was sent ahead; else sends it. After `broken` nothing
  /// is ahead any more.
  func exchange(
    _ request: Request, number: UInt64, isSent: inout Bool
  ) throws(RunError) -> Exchange {
    guard isSent else { return try exchange(request, number: number) }
    switch try receive() {
    case .answer(let answer, _): return .answer(answer)
    case .broken(let breakdown):
      isSent = false
      return .broken(breakdown)
    }
  }

  /// Sends a request while none is outstanding, and waits for the answer.
  func exchange(_ request: Request, number: UInt64) throws(RunError) -> Exchange {
    if let breakdown = try send(request, number: number, window: number) {
      return .broken(breakdown)
    }
    switch try receive() {
    case .answer(let answer, _): return .answer(answer)
    case .broken(let breakdown): return .broken(breakdown)
    }
  }
}

/// What came of waiting for an answer.
enum Reply {
  /// One of the outstanding requests was answered.
  case answer(Answer, to: UInt64)
  /// None was, and the process is gone.
  case broken(SubjectBreakdown)
}

/// How one exchange with a subject ended.
enum Exchange {
  /// It answered.
  case answer(Answer)
  /// It did not, and its process is gone.
  case broken(SubjectBreakdown)
}

/// Why a subject gave no answer.
struct SubjectBreakdown: Equatable, Sendable {
  /// The kinds of breakdown.
  enum Kind: Equatable, Sendable {
    /// The process ended.
    case ended
    /// It gave no answer within the limit and did nothing on the disk.
    case hung
    /// It ran out of the memory it may use.
    case outOfMemory
    /// What it printed is no answer of the protocol.
    case rubbish
  }

  /// What happened.
  var kind: Kind
  /// One line with the details.
  var message: String
}

/// Why a run cannot go on or cannot begin: never a verdict about a subject.
enum RunError: Error, Equatable {
  /// Bad usage or input; exit status 2.
  case usage(String)
  /// This machine cannot run it; exit status 3.
  case notMeasured(String)
  /// The harness itself misbehaved (mount gone, disk full); exit status 3.
  case harness(String)
  /// The user asked for the end.
  case interrupted

  /// One line: what, where, and what to do.
  var message: String {
    switch self {
    case .usage(let text), .notMeasured(let text), .harness(let text): text
    case .interrupted: "interrupted"
    }
  }
}
