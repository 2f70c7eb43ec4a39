import DurabilityModel
import FaultFS
import SubjectProtocol

/// A subject that is spoken to line by line, on a mount as in a run: what it answers is kept as the
/// bytes it wrote.
final class SubjectProbe {
  /// What came for one request.
  enum Reply {
    /// An answer, and its line.
    case answer(DecodedAnswer, String)
    /// A line that is no answer: why not, and the line.
    case malformed(String, String)
    /// No line: why.
    case none(String)

    /// What came, for people.
    var text: String {
      switch self {
      case .answer(_, let line): line
      case .malformed(let why, let line): line + "  (" + why + ")"
      case .none(let why): "nothing: " + why
      }
    }
  }

  let target: FuseTarget
  /// The world of the store.
  private(set) var world = World(disk: Disk(parameters: DiskParameters()), recording: true)
  /// Whether a process runs that answered everything so far.
  private(set) var isAlive = false
  /// How many processes were lost: by themselves, or for want of an answer.
  private(set) var lostCount = 0
  /// Lines that nobody asked for.
  private(set) var noise: [String] = []
  /// The last of what processes wrote to standard error.
  private(set) var lastErrors = ""
  /// Whether a barrier of the whole file system was seen, and a mapping that the subject does not
  /// claim.
  private(set) var callsSyncfs = false
  private(set) var mapsUnclaimed = false
  /// Names that were found in the scratch folder.
  private(set) var scratchNames: [String] = []
  private var number: UInt64 = 0

  init(_ target: FuseTarget) { self.target = target }

  /// The number of the next request.
  func nextNumber() -> UInt64 {
    number += 1
    return number
  }

  /// A fresh process, in a fresh world or in the one that is there.
  func start(freshWorld: Bool) throws(RunError) {
    end()
    if freshWorld { world = World(disk: Disk(parameters: DiskParameters()), recording: true) }
    try target.enter(world, freshProcess: true)
    try target.start()
    isAlive = true
  }

  /// Sends a line.
  func send(_ line: String, number: UInt64) {
    if let pump = target.pump, let child = pump.child {
      while let line = child.takeLine() { noise.append(String(decoding: line, as: UTF8.self)) }
      world.beginRequest(number)
      pump.send(
        Array(
          line.replacing("WORLD", with: target.directory.mountPoint + "/" + target.worldName).utf8))
    }
  }

  /// Waits for an answer to `operation`.
  func receive(_ operation: OperationName) throws(RunError) -> Reply {
    guard let pump = target.pump, pump.child != nil else { return .none("no process runs") }
    while true {
      switch pump.receive(limit: target.timeLimit) {
      case .failure(let failure):
        if case .interrupted = failure { throw .interrupted }
        if case .mountLost(let why) = failure { throw .harness(why.description) }
        let waiting = pump.child?.waitingBytes ?? 0
        end()
        lostCount += 1
        var why = "\(failure)"
        if let last = noise.last {
          why += "; it wrote a line that is no JSON object: \(ConformanceResult.shortened(last))"
        }
        if waiting > 0 { why += SubjectFailure.unendedLine(waiting) }
        if let last = lastErrors.split(separator: "\n").last { why += "; it said: \(last)" }
        return .none(why)
      case .success(let line):
        let text = String(decoding: line, as: UTF8.self)
        // What is no object is noise; the answer may come behind it.
        if line.first(where: { $0 != 0x20 && $0 != 0x09 }) != 0x7B, noise.count < 20 {
          noise.append(text)
          continue
        }
        try target.pullMappedStores()
        if !target.mapsMemory, let device = pump.mount?.device,
          pump.child?.sharedMappings(on: device).isEmpty == false
        {
          mapsUnclaimed = true
        }
        do throws(JSONError) {
          return .answer(try AnswerDecoder.decode(line, to: operation), text)
        } catch {
          return .malformed("\(error)", text)
        }
      }
    }
  }

  /// Sends a request and waits for its answer.
  func ask(_ line: String, _ operation: OperationName, number: UInt64) throws(RunError) -> Reply {
    send(ConformanceStep.numbered(line, number), number: number)
    return try receive(operation)
  }

  /// Closes its input and waits for its end; why it did not come, or nil.
  func closeInput() throws(RunError) -> String? {
    guard let pump = target.pump, pump.child != nil else { return "no process runs" }
    switch pump.finish(limit: target.timeLimit) {
    case .success: return nil
    case .failure(.interrupted): throw .interrupted
    case .failure(let failure): return "\(failure)"
    }
  }

  /// Ends the process at once, and keeps what it leaves.
  func end() {
    for name in Files.names(in: target.directory.scratch) where !scratchNames.contains(name) {
      scratchNames.append(name)
    }
    callsSyncfs =
      callsSyncfs
      || world.recording?.operations.contains { $0.operation.kindName == "syncfs" } == true
    if let remains = target.pump?.stop() {
      let errors = String(decoding: remains.standardError.bytes, as: UTF8.self)
      if !errors.isEmpty { lastErrors = errors }
    }
    target.endProcess()
    isAlive = false
  }
}
