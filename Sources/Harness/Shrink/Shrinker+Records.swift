import Scenarios
import SubjectProtocol

/// The bytes of records: short ids, the default namespace, no metadata or as little as it takes,
/// and vectors that are easy to tell apart. A vector keeps its dimension.
extension Shrinker {
  mutating func shortenRecords() throws(RunError) -> Bool {
    var changed = try renameKeys()
    changed = try simplifyOptions() || changed
    for life in best.lives.indices {
      var index = 0
      while index < best.lives[life].script.requests.count {
        for put in best.lives[life].script.requests[index].request.puts.indices {
          changed = try simplifyVector(life, index, put) || changed
          changed = try shortenMetadata(life, index, put) || changed
        }
        index += 1
      }
    }
    return changed
  }

  /// Many small records may be there only for where the last one comes to lie: across the edge of a
  /// sector, say. One large record does as well: each life's last put is made large, and what can
  /// go then goes. Where nothing does, the detour is taken back.
  mutating func growInstead() throws(RunError) -> Bool {
    guard best.requestCount > Self.fewRequests else { return false }
    for life in best.lives.indices.reversed() {
      for length in [600, 1200, 4300] {
        guard life < best.lives.count,
          let index = best.lives[life].script.requests.lastIndex(where: {
            !$0.request.puts.isEmpty
          }), let metadata = Metadata(padding: length)
        else { continue }
        let before = best
        let put = best.lives[life].script.requests[index].request.puts.count - 1
        guard var large = value(life, index, put), large.metadata.canonical.count < length else {
          continue
        }
        large.metadata = metadata
        guard try set("a record of \(length) bytes", large, life, index, put) else { continue }
        _ = try removeRequests()
        if best.requestCount < before.requestCount { return true }
        restore(before)
      }
    }
    return false
  }

  /// So many requests are few enough for a detour not to be worth its time.
  private static var fewRequests: Int { 5 }

  // MARK: Options

  /// The options of the scenario instead of those that a restart drew, and no clock.
  private mutating func simplifyOptions() throws(RunError) -> Bool {
    var changed = false
    let ordinary = trial.session.scenario.options
    for life in best.lives.indices {
      for index in best.lives[life].script.requests.indices {
        guard
          case .open(let directory, let dimension, let options) =
            best.lives[life].script.requests[index].request
        else { continue }
        for simple in [ordinary, options.without("clock")] where simple != options {
          let taken = try attempt("plain options") {
            $0.lives[life].script.requests[index].request = .open(
              directory: directory, dimension: dimension, options: simple)
          }
          changed = taken || changed
          if taken { break }
        }
      }
    }
    return changed
  }

  // MARK: Keys

  private mutating func renameKeys() throws(RunError) -> Bool {
    var changed = false
    var keys: [RecordKey] = []
    for life in best.lives {
      for request in life.script.requests {
        for key in request.request.keys where !keys.contains(key) { keys.append(key) }
      }
    }
    let names = (0..<keys.count).map { index -> [UInt8] in
      index < 26 ? [0x61 + UInt8(index)] : Array("k\(index)".utf8)
    }
    for (key, name) in zip(keys, names) {
      for simple in [RecordKey(id: name), RecordKey(namespace: key.namespace, id: name)]
      where simple != key && !keys.contains(simple) {
        let taken = try attempt("a short id") { candidate in
          candidate.changeRequests { $0.renaming(key, to: simple) }
        }
        if taken {
          changed = true
          break
        }
      }
    }
    return changed
  }

  // MARK: Values

  private func value(_ life: Int, _ index: Int, _ put: Int) -> RecordValue? {
    guard index < best.lives[life].script.requests.count else { return nil }
    let puts = best.lives[life].script.requests[index].request.puts
    return put < puts.count ? puts[put] : nil
  }

  private mutating func set(
    _ what: String, _ value: RecordValue, _ life: Int, _ index: Int, _ put: Int
  ) throws(RunError) -> Bool {
    try attempt(what) { candidate in
      let request = candidate.lives[life].script.requests[index].request
      candidate.lives[life].script.requests[index].request = request.replacing(put, by: value)
    }
  }

  private mutating func simplifyVector(
    _ life: Int, _ index: Int, _ put: Int
  ) throws(RunError) -> Bool {
    guard let original = value(life, index, put), original.vector.count > 0 else { return false }
    // All ones first; else one that no other put has, so that values stay apart.
    let ordinal = Float(2 + index + put)
    for simple in [Float(1), ordinal] {
      var plain = original
      plain.vector = [simple] + [Float](repeating: 0, count: original.vector.count - 1)
      // What it is already would be taken again in every pass.
      if RecordValue.sameBits(plain.vector, original.vector) { return false }
      if try set("a plain vector", plain, life, index, put) { return true }
    }
    return false
  }

  private mutating func shortenMetadata(
    _ life: Int, _ index: Int, _ put: Int
  ) throws(RunError) -> Bool {
    guard let original = value(life, index, put), !original.metadata.canonical.isEmpty else {
      return false
    }
    var shorter = original
    shorter.metadata = .empty
    if try set("no metadata", shorter, life, index, put) { return true }
    var changed = false
    var fails = 0
    var holds = original.metadata.canonical.count
    while holds - fails > 1 {
      let length = (holds + fails) / 2
      guard let metadata = Metadata(padding: length) else { break }
      shorter.metadata = metadata
      if try set("\(length) bytes of metadata", shorter, life, index, put) {
        changed = true
        holds = length
      } else {
        fails = length
      }
      // Another request may have gone with it.
      guard value(life, index, put) != nil else { break }
    }
    return changed
  }
}

extension Metadata {
  /// Metadata of `length` bytes; nil where it cannot be so short.
  init?(padding length: Int) {
    let frame = Array(#"{"m":""}"#.utf8)
    guard length >= frame.count else { return nil }
    self.init(
      alreadyCanonical: frame.dropLast(2)
        + [UInt8](repeating: 0x78, count: length - frame.count) + frame.suffix(2))
  }
}

extension Candidate {
  /// Changes every request.
  mutating func changeRequests(_ change: (Request) -> Request) {
    for life in lives.indices {
      for index in lives[life].script.requests.indices {
        let request = lives[life].script.requests[index].request
        lives[life].script.requests[index].request = change(request)
      }
    }
  }
}

extension Request {
  /// The values it puts, in order.
  var puts: [RecordValue] {
    mutations.compactMap { mutation in
      guard case .put(_, let value) = mutation else { return nil }
      return value
    }
  }

  /// The records it names, in order.
  var keys: [RecordKey] {
    if case .get(let key, _) = self { return [key] }
    return mutations.map(\.key)
  }

  private var mutations: [Mutation] {
    switch self {
    case .mutate(let mutation, _): [mutation]
    case .batch(let mutations): mutations
    case .hello, .open, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      []
    }
  }

  /// The request with `value` instead of that of its `index`-th put.
  func replacing(_ index: Int, by value: RecordValue) -> Request {
    var seen = -1
    return changing { mutation in
      guard case .put(let key, _) = mutation else { return mutation }
      seen += 1
      return seen == index ? .put(key, value) : mutation
    }
  }

  /// The request with another key for one record.
  func renaming(_ key: RecordKey, to other: RecordKey) -> Request {
    if case .get(key, let transaction) = self { return .get(other, transaction: transaction) }
    return changing { mutation in
      switch mutation {
      case .put(key, let value): .put(other, value)
      case .delete(key): .delete(other)
      case .put, .delete: mutation
      }
    }
  }

  private func changing(_ change: (Mutation) -> Mutation) -> Request {
    switch self {
    case .mutate(let mutation, let transaction):
      .mutate(change(mutation), transaction: transaction)
    case .batch(let mutations): .batch(mutations.map(change))
    case .hello, .open, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      self
    }
  }
}
