import Determinism
import SubjectProtocol

/// Random values of every type of the protocol, for properties that must hold for all of them.
struct RandomValues {
  var generator: PRNG
  var usesCombiningCharacters = true

  init(_ seed: Seed) { generator = PRNG(seed) }

  mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    generator.chance(numerator, in: denominator)
  }

  /// UTF-8 with the characters that escapes and comparisons get wrong.
  mutating func bytes(atLeast minimum: Int = 0) -> [UInt8] {
    let scalars: [Unicode.Scalar] = [
      "a", "b", "7", "\"", "\\", "/", "\u{0}", "\u{1F}", "\n", "\u{8}", "\u{C}", "\r", "\t",
      "\u{7F}",
      "\u{80}", "\u{E9}", "e", "\u{301}", "\u{7FF}", "\u{800}", "\u{2028}", "\u{FFFF}", "\u{FEFF}",
      "\u{10000}", "\u{10FFFF}", "\u{1F600}",
    ]
    var text = String.UnicodeScalarView()
    for _ in 0..<generator.number(in: minimum...8) {
      let scalar = generator.pick(scalars)
      if usesCombiningCharacters || scalar != "\u{301}" { text.append(scalar) }
    }
    return Array(String(text).utf8)
  }

  mutating func double() -> Double {
    switch generator.below(6) {
    case 0: return Double(generator.number(in: -1000...1000))
    case 1:
      return generator.pick([
        0, -0.0, 0x1p53, -0x1p53, 0x1p53 + 2, .leastNonzeroMagnitude, 1.7976931348623157e308,
      ])
    case 2: return Double(generator.number(in: -100...100)) / 8
    case 3: return 0.1 * Double(generator.below(100))
    default:
      let value = Double(bitPattern: generator.next())
      return value.isFinite ? value : 1.5
    }
  }

  mutating func float() -> Float {
    switch generator.below(6) {
    case 0: return Float(generator.number(in: -100...100))
    case 1:
      return generator.pick([
        0, -0.0, Float.leastNonzeroMagnitude, Float.leastNormalMagnitude,
        Float.greatestFiniteMagnitude, 0x1p24, 0.1, Float(bitPattern: 0x7FC0_0000), .infinity,
        -.infinity,
      ])
    case 2: return Float(generator.below(1000)) / 7
    default:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      return value.isNaN ? 1.25 : value
    }
  }

  mutating func finiteFloat() -> Float {
    let value = float()
    return value.isFinite ? value : 2
  }

  mutating func members(depth: Int) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    for _ in 0..<generator.below(depth > 0 ? 5 : 1) {
      let key = bytes()
      if members.contains(where: { $0.key == key }) { continue }
      members.append(JSONValue.Member(key: key, value: value(depth: depth - 1)))
    }
    return members
  }

  mutating func value(depth: Int) -> JSONValue {
    switch generator.below(depth > 0 ? 6 : 4) {
    case 0: return .null
    case 1: return .bool(generator.chance(1, in: 2))
    case 2: return .number(double())
    case 3: return .string(bytes())
    case 4:
      var elements: [JSONValue] = []
      for _ in 0..<generator.below(5) { elements.append(value(depth: depth - 1)) }
      return .array(elements)
    default: return .object(members(depth: depth))
    }
  }

  mutating func metadata() -> Metadata {
    generator.chance(1, in: 3) ? .empty : Metadata(members: members(depth: 3))
  }

  mutating func key() -> RecordKey {
    RecordKey(namespace: generator.chance(1, in: 2) ? [] : bytes(), id: bytes(atLeast: 1))
  }

  mutating func vector() -> [Float] {
    var vector: [Float] = []
    for _ in 0..<generator.below(9) { vector.append(float()) }
    return vector
  }

  mutating func mutation() -> Mutation {
    if generator.chance(1, in: 3) { return .delete(key()) }
    return .put(key(), RecordValue(vector: vector(), metadata: metadata()))
  }

  mutating func number() -> UInt64 {
    generator.pick([0, 1, 9, 10, 99, 100, 1_000_001, 1 << 53, 1 << 53 + 1, .max, .max - 1])
  }

  mutating func optionalNumber() -> UInt64? { generator.chance(1, in: 2) ? nil : number() }

  mutating func text() -> String { String(decoding: bytes(), as: UTF8.self) }

  mutating func request(_ operation: OperationName) -> Request {
    switch operation {
    case .hello: return .hello(options: .object(members(depth: 2)))
    case .open:
      let dimension = generator.number(in: 1...4096)
      return .open(directory: text(), dimension: dimension, options: .object(members(depth: 2)))
    case .put:
      let value = RecordValue(vector: vector(), metadata: metadata())
      return .mutate(.put(key(), value), transaction: optionalNumber())
    case .delete: return .mutate(.delete(key()), transaction: optionalNumber())
    case .batch:
      var mutations: [Mutation] = []
      for _ in 0..<generator.below(5) { mutations.append(mutation()) }
      return .batch(mutations)
    case .begin: return .begin(transaction: number())
    case .commit: return .commit(transaction: number())
    case .abort: return .abort(transaction: number())
    case .createNamespace: return .createNamespace(bytes())
    case .dropNamespace: return .dropNamespace(bytes())
    case .clear: return .clear(namespace: generator.chance(1, in: 2) ? nil : bytes())
    case .flush: return .flush
    case .checkpoint: return .checkpoint
    case .get: return .get(key(), transaction: optionalNumber())
    case .search:
      let vector = vector().map { $0.isFinite ? $0 : 1 }
      let metric = generator.pick(SearchQuery.Metric.allCases)
      let namespace = generator.chance(1, in: 2) ? [] : bytes()
      return .search(
        SearchQuery(
          vector: vector, count: generator.below(100), metric: metric, namespace: namespace))
    case .dump: return .dump
    case .stats: return .stats
    case .close: return .close
    }
  }

  mutating func contract() -> Contract {
    Contract(
      acknowledgementAfterProcessCrash: generator.pick(Contract.Acknowledgement.allCases),
      acknowledgementAfterPowerLoss: generator.pick(Contract.Acknowledgement.allCases),
      barriers: Set([OperationName.flush, .checkpoint, .close].filter { _ in chance(1, in: 2) }),
      syncEvery: chance(1, in: 2) ? nil : generator.number(in: 1...100),
      order: generator.pick(Contract.Order.allCases), transactions: chance(1, in: 2),
      batchesAreAtomic: chance(1, in: 2), clearIsAtomic: chance(1, in: 2),
      creationIsAtomic: chance(1, in: 2),
      afterFailedBarrier: generator.pick(Contract.AfterFailedBarrier.allCases),
      failedOperationsAreAbsent: chance(1, in: 2), recoveredIsDurable: chance(1, in: 2),
      detects: chance(1, in: 2) ? [] : ["torn-write", text()])
  }

  mutating func dump() -> Dump {
    var dump = Dump()
    for _ in 0..<generator.below(6) {
      dump.append(key(), RecordValue(vector: vector(), metadata: metadata()))
    }
    if chance(1, in: 2) { dump.namespaces = chance(1, in: 2) ? [] : [bytes(), bytes()] }
    return dump
  }

  /// An answer that `operation` may get.
  mutating func answer(to operation: OperationName) -> Answer {
    if chance(1, in: 5) {
      return .failed(generator.pick(FailureKind.allCases), message: text())
    }
    switch operation {
    case .hello:
      return .hello(
        SubjectDescription(
          name: text(), contract: contract(),
          operations: Set(OperationName.allCases.filter { _ in chance(1, in: 2) }),
          features: Set(Feature.allCases.filter { _ in chance(1, in: 2) }),
          concurrency: generator.number(in: 1...8)))
    case .open: return chance(1, in: 2) ? .ok : .opened(contract())
    case .get:
      if chance(1, in: 3) { return .record(nil) }
      return .record(RecordValue(vector: vector(), metadata: metadata()))
    case .search:
      var matches: [Match] = []
      for _ in 0..<generator.below(4) {
        matches.append(Match(id: bytes(atLeast: 1), distance: double()))
      }
      return .matches(matches)
    case .dump: return .dump(dump())
    case .stats:
      return .stats(
        Stats(
          lsn: optionalNumber(), segments: optionalNumber(), logBytes: optionalNumber(),
          checkpoint: optionalNumber()))
    default: return .ok
    }
  }
}
