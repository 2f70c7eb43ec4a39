import Determinism
import SubjectProtocol

/// Draws which requests of an epoch overlap: windows of requests that are sent without waiting for
/// the answers of those before them.
///
/// Each seed draws how many of its requests are in windows and how long these are. Within a window
/// a request waits for nothing that came since its start, or for an earlier one of the window, so
/// that all shapes of overlapping come up: all at once, chains, one long request beside several
/// short ones. It draws from a generator of its own: the requests are those of a run without
/// windows.
struct OverlapDraw {
  private let concurrency: Int
  private let mayHaveTransactionsTogether: Bool
  private var random: PRNG
  /// The share of windows, and of requests that wait for one of their window, in percent.
  private let share: Int
  private let chained: Int
  private let longest: Int

  init(_ generator: WorkloadGenerator, epoch: Int) {
    concurrency = generator.concurrency
    mayHaveTransactionsTogether = generator.features.contains(.concurrentTransactions)
    var swarm = PRNG(generator.seed.derived("overlap"))
    share = swarm.pick([25, 50, 75, 100])
    chained = swarm.pick([0, 20, 50])
    // Longer than what may be outstanding, so that answers let the next ones in.
    longest = swarm.number(in: 2...(generator.concurrency + generator.concurrency / 2))
    random = PRNG(generator.seed.derived("overlap", epoch))
  }

  /// Lets requests overlap, without changing any.
  func overlap(_ requests: inout [ScheduledRequest]) {
    var random = random
    var start = 0
    while start < requests.count {
      guard !Self.isAlone(requests[start].request), random.chance(share, in: 100) else {
        start += 1
        continue
      }
      let most = start + random.number(in: 2...longest)
      var end = start + 1
      while end < min(most, requests.count), !Self.isAlone(requests[end].request) {
        let before = start == 0 ? requests[start].number - 1 : requests[start - 1].number
        var after = before
        if random.chance(chained, in: 100) {
          after = requests[random.number(in: start...(end - 1))].number
        }
        if let needed = needed(by: end, from: start, requests) { after = max(after, needed) }
        requests[end].after = after
        end += 1
      }
      start = end
    }
  }

  /// Requests that nothing may overlap: what else is asked while a store opens or closes is nowhere
  /// promised.
  private static func isAlone(_ request: Request) -> Bool {
    switch request {
    case .hello, .open, .close: true
    case .mutate, .batch, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats:
      false
    }
  }

  /// The last request of the window that the one at `index` must wait for: those of one transaction
  /// come one after the other, and where there is one at a time, so do transactions; and what a
  /// transaction comes to whose namespace is emptied meanwhile, no store says.
  private func needed(
    by index: Int, from start: Int, _ requests: [ScheduledRequest]
  ) -> UInt64? {
    let request = requests[index].request
    return requests[start..<index].last { earlier in
      if let transaction = request.transaction, earlier.request.transaction == transaction {
        return true
      }
      if request.emptiesNamespaces { return earlier.request.transaction != nil }
      if request.transaction != nil, earlier.request.emptiesNamespaces { return true }
      guard case .begin = request, !mayHaveTransactionsTogether else { return false }
      return earlier.request.transaction != nil
    }?.number
  }
}

extension Request {
  /// Whether it creates, drops or clears.
  fileprivate var emptiesNamespaces: Bool {
    switch self {
    case .createNamespace, .dropNamespace, .clear: true
    case .hello, .open, .mutate, .batch, .begin, .commit, .abort, .flush, .checkpoint, .get,
      .search, .dump, .stats, .close:
      false
    }
  }

  /// The transaction that it begins, ends or is part of.
  fileprivate var transaction: UInt64? {
    switch self {
    case .begin(let transaction), .commit(let transaction), .abort(let transaction): transaction
    case .mutate(_, let transaction), .get(_, let transaction): transaction
    case .hello, .open, .batch, .createNamespace, .dropNamespace, .clear, .flush, .checkpoint,
      .search, .dump, .stats, .close:
      nil
    }
  }
}
