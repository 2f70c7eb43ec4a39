public import Determinism
public import SubjectProtocol

/// Changes the requests of one epoch a little: what a guided run makes of a seed that is kept.
///
/// Requests keep their numbers wherever they go, so that faults and places keep their names; those
/// that are added have numbers of their own. A transaction's requests, and a `close` with its
/// `open`, stay where they are: what a store does about a `close` inside a transaction, or about a
/// put after its `close`, is nowhere promised. Requests that overlap are left alone.
public struct WorkloadEdits: Sendable {
  private let seed: Seed
  /// What the subject supports.
  private let operations: Set<OperationName>

  /// Within the numbers of an epoch, the first of those that are added.
  private static let addedNumbers: UInt64 = 600_000

  /// Edits drawn from `seed` for a subject that supports `operations`.
  public init(seed: Seed, operations: Set<OperationName>) {
    self.seed = seed
    self.operations = operations
  }

  /// Makes one to six edits in the requests of `epoch`, whose first is its `open`.
  public func edit(_ requests: inout [ScheduledRequest], epoch: Int) {
    guard requests.count > 2, requests.allSatisfy({ $0.after == nil }) else { return }
    var generator = PRNG(seed)
    for index in 0..<generator.number(in: 1...6) {
      let number =
        UInt64(epoch) * ScheduledRequest.epochStride + Self.addedNumbers + UInt64(index + 1)
      switch generator.index(weights: [4, 2, 2, 1]) {
      case 0: add(&requests, number, &generator)
      case 1: remove(&requests, &generator)
      case 2: move(&requests, &generator)
      default: cut(&requests, &generator)
      }
    }
  }

  /// Adds a barrier or a look, right behind another request.
  private func add(
    _ requests: inout [ScheduledRequest], _ number: UInt64, _ generator: inout PRNG
  ) {
    let kinds: [Request] = [.checkpoint, .flush, .dump].filter { operations.contains($0.name) }
    guard !kinds.isEmpty else { return }
    let request = generator.pick(kinds)
    let place = generator.number(in: 1...requests.count)
    // Not between a `close` and its `open`.
    guard requests[place - 1].request.name != .close else { return }
    requests.insert(ScheduledRequest(number: number, request: request), at: place)
  }

  private func remove(_ requests: inout [ScheduledRequest], _ generator: inout PRNG) {
    let index = generator.number(in: 1...requests.count - 1)
    if isFree(requests[index].request) { requests.remove(at: index) }
  }

  private func move(_ requests: inout [ScheduledRequest], _ generator: inout PRNG) {
    let from = generator.number(in: 1...requests.count - 1)
    let to = generator.number(in: 1...requests.count - 1)
    guard isFree(requests[from].request) else { return }
    let moved = requests.remove(at: from)
    let place = requests[to - 1].request.name == .close ? to - 1 : to
    guard place > 0 else { return requests.insert(moved, at: from) }
    requests.insert(moved, at: place)
  }

  /// Ends the epoch earlier: the next one begins from a younger state.
  private func cut(_ requests: inout [ScheduledRequest], _ generator: inout PRNG) {
    let rest = generator.number(in: 0...requests.count / 3)
    requests.removeLast(min(rest, requests.count - 2))
    if requests.last?.request.name == .close, requests.count > 2 { requests.removeLast() }
  }

  /// Whether a request may be left out or come elsewhere.
  private func isFree(_ request: Request) -> Bool {
    switch request {
    case .mutate(_, nil), .batch, .flush, .checkpoint, .get(_, nil), .search, .dump, .stats: true
    case .hello, .open, .mutate, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear,
      .get, .close:
      false
    }
  }
}
