import SubjectProtocol

/// The concrete requests of one run, in the order in which they are sent.
///
/// Its text has one request a line, `NUMBER JSON`, where the JSON is the protocol's; a line that
/// starts with `#` is a comment. Reading what was written gives the same schedule.
public struct Schedule: Sendable, Equatable {
  /// The requests, their numbers strictly ascending.
  public var requests: [ScheduledRequest]

  /// Makes a schedule of requests in ascending order of their numbers.
  public init(_ requests: [ScheduledRequest]) { self.requests = requests }

  /// The requests of one epoch.
  public func requests(inEpoch epoch: Int) -> [ScheduledRequest] {
    requests.filter { $0.epoch == epoch }
  }

  /// The text of the schedule, each request on a line of its own.
  public var text: [UInt8] {
    var out: [UInt8] = []
    for scheduled in requests {
      scheduled.append(to: &out)
      out.append(0x0A)
    }
    return out
  }

  /// Reads the schedule that is `text`, which messages call `file`.
  public init(reading text: [UInt8], file: String) throws(ScenarioError) {
    requests = []
    var lineNumber = 0
    for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
      lineNumber += 1
      let content = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if content.isEmpty || content.first == 0x23 { continue }
      do throws(ScheduledRequest.LineError) {
        let scheduled = try ScheduledRequest(
          reading: content, indentation: line.count - content.count)
        if let last = requests.last, last.number >= scheduled.number {
          throw ScheduledRequest.LineError(
            message: "request \(scheduled.number) stands after \(last.number);"
              + " numbers ascend")
        }
        requests.append(scheduled)
      } catch {
        throw ScenarioError(file: file, line: lineNumber, message: error.message)
      }
    }
  }
}
