import SubjectProtocol

/// A transaction that was begun and neither committed nor aborted.
struct Transaction: Sendable {
  struct Step: Sendable {
    let request: UInt64
    let op: Op
    var isAnswered = false
  }

  let number: UInt64
  /// From when on its reads may see a snapshot.
  let begunAt: Int
  var steps: [Step] = []
  /// A step or a commit failed and the caller went on all the same: what it holds is not known.
  var isIrregular = false
}

/// A request that was not answered yet.
struct InFlight: Sendable {
  enum Payload: Sendable {
    case effect
    /// A commit; what it needs to be taken back when it is refused.
    case commit(Transaction)
    case step(transaction: UInt64)
    case begin(UInt64)
    case barrier
    case open
    case get(key: Int, transaction: UInt64?)
    case search(SearchQuery)
    case dump
    case stats
    case other
  }

  let number: UInt64
  let payload: Payload
  let issuedAt: Int
  /// Whether another request was outstanding at some time while this one was.
  var isOverlapped = false
}

extension InFlight {
  /// Whether an effect hangs on its answer.
  var isMutation: Bool {
    switch payload {
    case .effect, .commit, .step: true
    case .begin, .barrier, .open, .get, .search, .dump, .stats, .other: false
    }
  }

  /// Whether an effect of the history hangs on its answer.
  var isEffect: Bool {
    if case .step = payload { return false }
    return isMutation
  }
}
