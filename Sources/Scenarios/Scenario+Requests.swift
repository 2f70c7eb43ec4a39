public import SubjectProtocol

/// A request that a scenario gives by hand.
public struct ScriptedRequest: Sendable, Equatable {
  /// The request; a put whose vector is empty gets a value of its own.
  public var request: Request
  /// Whether it may be sent before those are answered that stand before it.
  public var overlaps = false
}

extension ScenarioReader {
  /// The requests of `key`: an array for each epoch, of the protocol's requests as objects; nil
  /// where the key is absent.
  ///
  /// Each epoch begins with an `open` that is not written down. A `put` without a vector gets one
  /// that no other put has. `overlaps: true` lets a request be sent while those before it are
  /// outstanding, back to the last one without it.
  mutating func requests(
    _ key: String, dimension: Int, options: JSONValue
  ) throws(ScenarioError) -> [[ScriptedRequest]]? {
    guard let node = node(key) else { return nil }
    guard case .array(let epochs) = node.value, !epochs.isEmpty else {
      throw error(node, "\"\(key)\" must be an array of epochs, each an array of requests")
    }
    var all: [[ScriptedRequest]] = []
    for epoch in epochs {
      guard case .array(let elements) = epoch.value else {
        throw error(epoch, "each epoch of \"\(key)\" must be an array of requests")
      }
      var requests: [ScriptedRequest] = []
      for element in elements {
        var reader = try ScenarioReader(element, file: file, name: "each request")
        let overlaps = try reader.boolean("overlaps") ?? false
        let request = try reader.request(dimension: dimension, options: options)
        if overlaps, request.name == .open || request.name == .close || requests.isEmpty {
          throw error(element, "\"overlaps\" is for a request behind another, open and close apart")
        }
        try reader.finish()
        requests.append(ScriptedRequest(request: request, overlaps: overlaps))
      }
      all.append(requests)
    }
    return all
  }

  private mutating func request(
    dimension: Int, options: JSONValue
  ) throws(ScenarioError) -> Request {
    guard let name = try choice("op", OperationName.self) else {
      throw error("a request has no \"op\"")
    }
    switch name {
    case .hello: throw error("\"hello\" is asked by itself; it cannot be among the requests")
    case .open:
      return .open(
        directory: ScheduledRequest.directoryPlaceholder, dimension: dimension, options: options)
    case .put, .delete:
      let mutation = try mutation(name, dimension)
      return .mutate(mutation, transaction: try transaction())
    case .batch:
      var mutations: [Mutation] = []
      guard let members = try objects("operations") else {
        throw error("a batch has no \"operations\"")
      }
      for var member in members {
        guard let name = try member.choice("op", OperationName.self),
          name == .put || name == .delete
        else { throw member.error("the \"op\" of a batch's member is \"put\" or \"delete\"") }
        mutations.append(try member.mutation(name, dimension))
        try member.finish()
      }
      return .batch(mutations)
    case .begin: return .begin(transaction: try neededTransaction())
    case .commit: return .commit(transaction: try neededTransaction())
    case .abort: return .abort(transaction: try neededTransaction())
    case .createNamespace: return .createNamespace(try bytes("namespace") ?? [])
    case .dropNamespace: return .dropNamespace(try bytes("namespace") ?? [])
    case .clear: return .clear(namespace: try bytes("namespace"))
    case .flush: return .flush
    case .checkpoint: return .checkpoint
    case .get:
      let key = try key()
      return .get(key, transaction: try transaction())
    case .search:
      guard let vector = try vector(dimension), vector.allSatisfy(\.isFinite),
        vector.contains(where: { $0 != 0 })
      else { throw error("a search needs a \"vector\" of finite numbers, not all zero") }
      return .search(
        SearchQuery(
          vector: vector, count: try integer("count", in: 1...100_000) ?? 1,
          metric: try choice("metric", SearchQuery.Metric.self) ?? .l2,
          namespace: try bytes("namespace") ?? []))
    case .dump: return .dump
    case .stats: return .stats
    case .close: return .close
    }
  }

  private mutating func mutation(
    _ name: OperationName, _ dimension: Int
  ) throws(ScenarioError) -> Mutation {
    let key = try key()
    if name == .delete { return .delete(key) }
    let vector = try vector(dimension) ?? []
    guard let metadata = try json("metadata") else {
      return .put(key, RecordValue(vector: vector))
    }
    guard case .object(let members) = metadata else {
      return .put(key, RecordValue(vector: vector))
    }
    return .put(key, RecordValue(vector: vector, metadata: Metadata(members: members)))
  }

  private mutating func key() throws(ScenarioError) -> RecordKey {
    guard let id = try bytes("id"), !id.isEmpty else {
      throw error("the request needs an \"id\", which is not empty")
    }
    return RecordKey(namespace: try bytes("namespace") ?? [], id: id)
  }

  private mutating func transaction() throws(ScenarioError) -> UInt64? {
    try integer("transaction", in: 1...Int.max).map { UInt64($0) }
  }

  private mutating func neededTransaction() throws(ScenarioError) -> UInt64 {
    guard let transaction = try transaction() else {
      throw error("the request needs a \"transaction\", a number from 1")
    }
    return transaction
  }

  /// A string as its bytes, or nil where the key is absent.
  private mutating func bytes(_ key: String) throws(ScenarioError) -> [UInt8]? {
    guard let node = node(key) else { return nil }
    guard case .string(let bytes) = node.value else {
      throw error(node, "\"\(key)\" must be a string")
    }
    return bytes
  }

  private mutating func vector(_ dimension: Int) throws(ScenarioError) -> [Float]? {
    guard let node = node("vector") else { return nil }
    guard case .array(let elements) = node.value, elements.count == dimension else {
      throw error(node, "\"vector\" must be an array of \(dimension) numbers, the dimension")
    }
    var vector: [Float] = []
    for element in elements {
      switch element.value {
      case .number(let number, _) where Double(Float(number)) == number || number.isNaN:
        vector.append(number.isNaN ? Float(bitPattern: 0x7FC0_0000) : Float(number))
      case .string(let text) where text.elementsEqual("nan".utf8):
        vector.append(Float(bitPattern: 0x7FC0_0000))
      case .string(let text) where text.elementsEqual("inf".utf8): vector.append(.infinity)
      case .string(let text) where text.elementsEqual("-inf".utf8): vector.append(-.infinity)
      case .number:
        throw error(element, "a component of \"vector\" must be exact in 32 bits, such as 0.5")
      case .null, .bool, .string, .array, .object:
        throw error(
          element, "a component of \"vector\" must be a number, \"nan\", \"inf\" or \"-inf\"")
      }
    }
    return vector
  }
}
