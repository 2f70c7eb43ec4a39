import DurabilityModel
import Scenarios
import SubjectProtocol

/// Prints what happened in an epoch, a line a request and a line a disk operation, for people.
///
/// Files appear by role and inode number, never by raw name.
enum HistoryPrinter {
  /// The lines of an epoch up to operation `end` (all of it when nil).
  static func lines(_ epoch: RecordedEpoch, upTo end: Int? = nil) -> [String] {
    let operations = epoch.recording.operations
    let end = end ?? operations.count
    var lines: [String] = []
    var printed = 0
    func printOperations(before position: Int) {
      while printed < min(position, end) {
        lines.append(line(printed, operations[printed]))
        printed += 1
      }
    }
    for event in events(epoch) {
      printOperations(before: event.position)
      guard event.position <= end else { break }
      lines.append(event.text)
    }
    printOperations(before: end)
    return lines
  }

  /// Requests and answers in the order in which they came.
  private static func events(_ epoch: RecordedEpoch) -> [(position: Int, text: String)] {
    var events: [(place: Int, position: Int, text: String)] = []
    for exchange in epoch.exchanges {
      events.append((exchange.issue, exchange.firstOperation, "request " + exchange.request.text))
      events.append(
        (
          exchange.end, exchange.lastOperation,
          "answer \(exchange.request.number) " + text(exchange.outcome)
        ))
    }
    return events.sorted { $0.place < $1.place }.map { ($0.position, $0.text) }
  }

  /// One operation, numbered as crash points count them.
  static func line(_ index: Int, _ recorded: RecordedOperation) -> String {
    "  disk #\(index + 1) " + text(recorded)
  }

  /// One operation in words.
  static func text(_ recorded: RecordedOperation) -> String {
    let operation = recorded.operation
    let head = "\(operation.kindName) \(recorded.role)"
    switch operation {
    case .create(_, _, let inode, _, _, _, _, _): return head + " i\(inode.rawValue)"
    case .link(let inode, _, _): return head + " i\(inode.rawValue)"
    case .unlink, .removeDirectory: return head
    case .rename(_, let name, _, _, _):
      return "rename \(FileRole(masking: name)) to \(recorded.role)"
    case .write(let inode, let offset, let bytes):
      return head + " i\(inode.rawValue) offset \(offset) length \(bytes.count)"
    case .synchronizeRange(let inode, let range):
      return head + " i\(inode.rawValue) offset \(range.lowerBound) length \(range.count)"
    case .setSize(let inode, let size): return head + " i\(inode.rawValue) to \(size)"
    case .allocate(let inode, let offset, let length, let mode):
      return head + " i\(inode.rawValue) offset \(offset) length \(length) \(mode.rawValue)"
    case .setAttributes(let inode, _, _, _), .setExtendedAttribute(let inode, _, _),
      .setTimes(let inode, _, _), .synchronize(let inode, _),
      .synchronizeDirectory(let inode), .failedSynchronizeDirectory(let inode), .evict(let inode):
      return head + " i\(inode.rawValue)"
    case .reportError(let inode): return head + (inode.map { " i\($0.rawValue)" } ?? "")
    case .failedSynchronize(let failure):
      let who = failure.isReported ? "" : " without a call"
      return head + " i\(failure.inode.rawValue) \(failure.error) as \(failure.after.rawValue)"
        + who
    case .stop(let health, _): return "stop: the file system is \(health)"
    case .dropPages(let inode, let pages): return head + " i\(inode.rawValue)" + text(pages)
    case .writeBack(let inode, let pages, let outcome):
      let end =
        switch outcome {
        case .durable: " durable"
        case .deviceCache: " into the device's cache"
        case .failed(let error, _): " \(error)"
        }
      return head + " i\(inode.rawValue)" + text(pages) + end
    case .synchronizeFileSystem: return operation.kindName
    }
  }

  private static func text(_ pages: Range<Int>?) -> String {
    pages.map { " pages \($0.lowerBound)..<\($0.upperBound)" } ?? ""
  }

  private static func text(_ outcome: HistoryLine.Outcome) -> String {
    switch outcome {
    case .broken(let breakdown): "none: \(breakdown.message)"
    case .answer(.failed(let kind, let message)): "\(kind.rawValue): \(message)"
    case .answer(.dump(let dump)): "ok, \(dump.count) records"
    case .answer(.record(nil)): "ok, no record"
    case .answer(.stats(let stats)): stats.lsn.map { "ok, lsn \($0)" } ?? "ok"
    case .answer: "ok"
    }
  }
}

/// Prints what was pending at a crash, and what of it was kept.
enum PendingPrinter {
  /// The lines for a crash of `epoch`; `places` are those of the operations before it, as far as
  /// they are known.
  static func lines(
    _ epoch: RecordedEpoch, _ step: CrashStep, places: OperationPlaces = OperationPlaces()
  ) -> [String] {
    let disk = epoch.recording.disk(after: step.origin)
    let first = epoch.recording.start.operationCount
    func describe(_ operation: UInt64) -> String {
      guard operation > first, Int(operation - first) <= epoch.recording.operations.count else {
        guard operation <= first, let place = places.place(of: operation) else {
          return "an operation of an earlier epoch"
        }
        return "\(place.pattern) of request \(place.request), an earlier epoch"
      }
      let index = Int(operation - first) - 1
      return "#\(index + 1) " + HistoryPrinter.text(epoch.recording.operations[index])
    }
    guard case .power(let choice) = step.kind else {
      return ["process crash: the cache survives, nothing is lost"]
    }
    var lines = disk.describePending(choice).map { item in
      "\(item.kept) \(describe(item.operation))" + (item.detail.isEmpty ? "" : " (\(item.detail))")
    }
    if step.origin < step.point {
      lines.append("dropped: everything after operation \(step.origin)")
    }
    if let damage = step.damage {
      lines.append("damaged: #\(damage.write) by the medium, \(damage.text)")
    }
    return lines.isEmpty ? ["nothing was pending"] : counted(lines)
  }

  /// Each line once where several in a row are alike.
  private static func counted(_ lines: [String]) -> [String] {
    var result: [(line: String, count: Int)] = []
    for line in lines {
      if result.last?.line == line {
        result[result.count - 1].count += 1
      } else {
        result.append((line, 1))
      }
    }
    return result.map { $0.count == 1 ? $0.line : "\($0.line), \($0.count) times" }
  }
}
