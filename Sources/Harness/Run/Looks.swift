import Scenarios
import SubjectProtocol

/// Requests that change nothing and see more: what a life is asked on top of its workload.
///
/// Log numbers that begin again are seen only where `stats` was asked before a crash and after it
/// (protocol.md, `lsn`), so it is asked all along: a workload that asks now and then sees them in
/// few seeds.
struct Looks {
  /// How many requests lie between two of them at most.
  private static let stride = 8

  /// Whether the subject has `stats`.
  let hasStats: Bool
  /// Whether only the first look after a crash is wanted.
  let isSparing: Bool

  /// `requests`, those of one epoch, with their looks. After a crash the first thing is to see what
  /// is there: which of the permitted outcomes it is is chosen when an answer shows it.
  ///
  /// Nothing is put between requests that may overlap: a window stays as it was drawn.
  func added(to requests: [ScheduledRequest], epoch: Int) -> [ScheduledRequest] {
    let base = UInt64(epoch) * ScheduledRequest.epochStride + 800_000
    var result: [ScheduledRequest] = []
    var sinceLook = 0
    for (index, request) in requests.enumerated() {
      result.append(request)
      if index == 0 {
        guard epoch > 0 else { continue }
        precondition(request.request.name == .open, "an epoch begins with its open")
        result += first(base)
        continue
      }
      sinceLook += 1
      let isBeforeWindow = index + 1 < requests.count && requests[index + 1].after != nil
      guard hasStats, !isSparing, !isBeforeWindow, request.request.name != .close,
        sinceLook >= Self.stride || index + 1 == requests.count
      else { continue }
      result.append(ScheduledRequest(number: base + 10 + UInt64(index), request: .stats))
      sinceLook = 0
    }
    return result
  }

  private func first(_ base: UInt64) -> [ScheduledRequest] {
    let dump = ScheduledRequest(number: base + 1, request: .dump)
    return hasStats ? [dump, ScheduledRequest(number: base + 2, request: .stats)] : [dump]
  }
}
