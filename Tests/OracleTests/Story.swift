import Determinism
import Oracle
import SubjectProtocol

/// A short way to write down what was asked and answered.
struct Story {
  var model: OracleModel
  var next: UInt64 = 1
  var findings: [Finding] = []

  static let volatile = Contract(
    acknowledgementAfterPowerLoss: .volatile, transactions: true, batchesAreAtomic: true)
  static let durable = Contract(transactions: true, batchesAreAtomic: true)

  init(_ contract: Contract = Story.durable, features: Set<Feature> = [], opened: Bool = true) {
    model = OracleModel(contract: contract, dimension: 1, features: features)
    if opened { open() }
  }

  @discardableResult
  mutating func ask(_ request: Request, _ answer: Answer? = .ok) -> [Finding] {
    let number = next
    next += 1
    model.issued(request, number: number)
    guard let answer else { return [] }
    let found = model.answered(answer, to: number)
    findings += found
    return found
  }

  mutating func open(_ answer: Answer? = .ok) {
    ask(.open(directory: "d", dimension: 1, options: .emptyObject), answer)
  }

  mutating func put(
    _ id: String, _ value: Float, in namespace: String = "", transaction: UInt64? = nil,
    _ answer: Answer? = .ok
  ) {
    ask(.mutate(.put(id, value, in: namespace), transaction: transaction), answer)
  }

  mutating func delete(_ id: String, transaction: UInt64? = nil, _ answer: Answer? = .ok) {
    ask(.mutate(.delete(.init(id)), transaction: transaction), answer)
  }

  mutating func transaction(_ mutations: [Mutation], commit: Answer? = .ok, number: UInt64 = 7) {
    ask(.begin(transaction: number))
    for mutation in mutations { ask(.mutate(mutation, transaction: number)) }
    ask(.commit(transaction: number), commit)
  }

  @discardableResult
  mutating func get(
    _ id: String, _ value: Float?, transaction: UInt64? = nil
  ) -> [ViolationName] {
    let answer = Answer.record(value.map { RecordValue(vector: [$0]) })
    return ask(.get(.init(id), transaction: transaction), answer).map(\.name)
  }

  @discardableResult
  mutating func dump(_ records: [String: Float]) -> [ViolationName] {
    ask(.dump, .dump(Dump(records))).map(\.name)
  }

  /// A crash, an `open` answered ok, and a dump.
  mutating func crash(_ kind: Contract.Crash, showing records: [String: Float]) {
    model = model.crashed(kind)
    open()
    dump(records)
  }

  /// The names of what is wrong with `records` after a crash here; empty if permitted.
  func names(_ crash: Contract.Crash, _ records: [String: Float]) -> [ViolationName] {
    judge(crash, records).allNames
  }

  func judge(_ crash: Contract.Crash, _ records: [String: Float]) -> Judgement {
    model.judge(Dump(records), after: crash)
  }

  func permits(_ crash: Contract.Crash, _ records: [String: Float]) -> Bool {
    names(crash, records).isEmpty
  }
}

let io = Answer.failed(.io, message: "EIO")
let full = Answer.failed(.full, message: "ENOSPC")
let conflict = Answer.failed(.conflict, message: "conflict")
let invalid = Answer.failed(.invalid, message: "invalid")
let unanswered: Answer? = nil

extension RecordKey {
  init(_ id: String, in namespace: String = "") {
    self.init(namespace: Array(namespace.utf8), id: Array(id.utf8))
  }
}

extension Mutation {
  static func put(_ id: String, _ value: Float, in namespace: String = "") -> Mutation {
    .put(RecordKey(id, in: namespace), RecordValue(vector: [value]))
  }

  static func delete(_ id: String) -> Mutation { .delete(RecordKey(id)) }
}

extension Dump {
  init(_ records: [String: Float], namespaces: [String]? = nil) {
    self.init()
    // A key may be written as namespace/id.
    for (name, value) in records.sorted(by: { $0.key < $1.key }) {
      let parts = name.split(separator: "/").map(String.init)
      append(
        RecordKey(parts[parts.count - 1], in: parts.count > 1 ? parts[0] : ""),
        RecordValue(vector: [value]))
    }
    self.namespaces = namespaces?.map { Array($0.utf8) }
  }
}
