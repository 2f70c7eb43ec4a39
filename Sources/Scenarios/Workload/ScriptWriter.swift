import Determinism
import SubjectProtocol

/// Makes the requests of an epoch that a scenario gives by hand.
///
/// What a subject does not have is left out, as it is where requests are drawn: operations,
/// namespaces, transactions, ids with U+0000, numbers that are not finite, metadata.
struct ScriptWriter {
  private let generator: WorkloadGenerator
  private let values: ValueSource
  private let hasTransactions: Bool

  init(_ generator: WorkloadGenerator, hasTransactions: Bool) {
    self.generator = generator
    self.hasTransactions = hasTransactions
    values = ValueSource(
      generator.scenario, seed: generator.seed, features: generator.features)
  }

  /// The requests of `epoch`: its `open`, and what is written down for it.
  func write(_ epoch: Int, _ script: [[ScriptedRequest]]) -> [ScheduledRequest] {
    let base = UInt64(epoch) * ScheduledRequest.epochStride
    var puts = script[..<min(epoch, script.count)].reduce(0) { count, epoch in
      count + epoch.reduce(0) { $0 + Self.puts($1.request) }
    }
    let open = Request.open(
      directory: ScheduledRequest.directoryPlaceholder, dimension: generator.scenario.dimension,
      options: generator.scenario.options)
    var requests = [ScheduledRequest(number: base + 1, request: open)]
    guard epoch < script.count else { return requests }
    // The request before the current window.
    var before = base + 1
    for (index, scripted) in script[epoch].enumerated() {
      let first = puts
      puts += Self.puts(scripted.request)
      guard let request = possible(scripted.request, after: first) else { continue }
      let number = base + UInt64(index) + 2
      let mayOverlap = scripted.overlaps && generator.concurrency > 1 && requests.count > 1
      if !mayOverlap { before = requests[requests.count - 1].number }
      requests.append(
        ScheduledRequest(number: number, request: request, after: mayOverlap ? before : nil))
    }
    return requests
  }

  private static func puts(_ request: Request) -> Int {
    switch request {
    case .mutate(.put, _): 1
    case .batch(let mutations): mutations.count
    default: 0
    }
  }

  /// The request with a value for every put; nil where the subject cannot have it.
  private func possible(_ request: Request, after puts: Int) -> Request? {
    guard generator.operations.contains(request.name) else { return nil }
    switch request {
    case .mutate(let mutation, let transaction):
      guard transaction == nil || hasTransactions else { return nil }
      return possible(mutation, put: puts + 1).map { .mutate($0, transaction: transaction) }
    case .batch(let mutations):
      var possible: [Mutation] = []
      for (index, mutation) in mutations.enumerated() {
        if let mutation = self.possible(mutation, put: puts + index + 1) {
          possible.append(mutation)
        }
      }
      return .batch(possible)
    case .begin, .commit, .abort: return hasTransactions ? request : nil
    case .get(let key, let transaction):
      return isPossible(key) && (transaction == nil || hasTransactions) ? request : nil
    case .createNamespace(let namespace), .dropNamespace(let namespace):
      return isPossible(namespace) ? request : nil
    case .clear(let namespace): return isPossible(namespace ?? []) ? request : nil
    case .search(let query): return isPossible(query.namespace) ? request : nil
    case .hello, .open, .flush, .checkpoint, .dump, .stats, .close: return request
    }
  }

  private func possible(_ mutation: Mutation, put: Int) -> Mutation? {
    guard isPossible(mutation.key) else { return nil }
    guard case .put(let key, var value) = mutation else { return mutation }
    let drawn = values.value(put, idBytes: key.id.count)
    if value.vector.isEmpty {
      value.vector = drawn.vector
      if value.metadata == .empty { value.metadata = drawn.metadata }
    }
    if !generator.features.contains(.metadata) { value.metadata = .empty }
    let isFinite = value.vector.allSatisfy(\.isFinite)
    return isFinite || generator.features.contains(.nonFinite) ? .put(key, value) : nil
  }

  private func isPossible(_ key: RecordKey) -> Bool {
    isPossible(key.namespace) && (!key.id.contains(0) || generator.features.contains(.nulIDs))
  }

  private func isPossible(_ namespace: [UInt8]) -> Bool {
    namespace.isEmpty || generator.features.contains(.namespaces)
  }
}
