import Determinism
import SubjectProtocol

/// Writes the requests of one epoch after the other, and remembers what is probably there.
///
/// After a crash nobody knows what is there: what is remembered only makes requests that meet
/// something likely, and never decides what is right.
struct EpochWriter {
  let generator: WorkloadGenerator
  let keys: KeyPopulation
  let values: ValueSource
  /// The kinds of steps in use, and their weights.
  private let kinds: [WorkKind]
  private let kindWeights: [Int]

  /// The draws of the current epoch.
  var random: PRNG
  /// What this run does on top of its steps.
  private let moods: Moods
  private var epoch = 0
  private var requests: [ScheduledRequest] = []
  /// How many puts there were; the next one's vector starts with the number after.
  private var puts = 0
  /// The keys that are probably there, in the order of their puts, and those probably not any more.
  var written: [RecordKey] = []
  var deleted: [RecordKey] = []
  /// The namespaces that are probably there.
  var namespaces: [[UInt8]] = []
  /// The transactions that are open.
  var transactions: [OpenTransaction] = []

  /// A transaction that has begun.
  struct OpenTransaction {
    var number: UInt64
    /// How many mutations it still makes.
    var remaining: Int
    /// How it ends; nil is never.
    var ending: OperationName?
  }

  init(_ generator: WorkloadGenerator) {
    self.generator = generator
    keys = KeyPopulation(
      generator.scenario.keys, seed: generator.seed, features: generator.features)
    values = ValueSource(generator.scenario, seed: generator.seed, features: generator.features)
    kinds = generator.weights.active
    kindWeights = kinds.map { generator.weights[$0] }
    random = PRNG(generator.seed)
    moods = Moods(generator.seed)
  }

  /// How many requests the epoch may still have.
  var room: Int { generator.scenario.operations + 1 - requests.count }

  /// How many puts an epoch may have: six a request, so that no two epochs share a number.
  private var putsPerEpoch: Int { 6 * (generator.scenario.operations + 1) }

  /// Whether the subject has `operation`.
  func supports(_ operation: OperationName) -> Bool { generator.operations.contains(operation) }

  /// Writes the requests of `epoch`: its `open`, then as many as the scenario says.
  mutating func write(_ epoch: Int) -> [ScheduledRequest] {
    self.epoch = epoch
    random = PRNG(generator.seed.derived("epoch", epoch))
    requests = []
    transactions = []
    puts = epoch * putsPerEpoch
    addOpen()
    guard !kinds.isEmpty else { return requests }
    addCheckpoint(at: .start)
    addFirstNamespace()
    while room > 0 {
      if room == 1, addCheckpoint(at: .end) { break }
      if !transactions.isEmpty, addCheckpoint(at: .transaction) { continue }
      if !transactions.isEmpty, random.chance(3, in: 5) {
        advanceTransaction()
      } else {
        addStep(kinds[random.index(weights: kindWeights)])
      }
    }
    if generator.concurrency > 1 {
      OverlapDraw(generator, epoch: epoch).overlap(&requests)
    }
    return requests
  }

  /// The number of the next request.
  var nextNumber: UInt64 {
    UInt64(epoch) * ScheduledRequest.epochStride + UInt64(requests.count + 1)
  }

  /// Adds a request with the next number.
  mutating func add(_ request: Request) {
    requests.append(ScheduledRequest(number: nextNumber, request: request))
  }

  private mutating func addOpen() {
    add(
      .open(
        directory: ScheduledRequest.directoryPlaceholder,
        dimension: generator.scenario.dimension, options: generator.scenario.options))
  }

  private mutating func addStep(_ kind: WorkKind) {
    switch kind {
    case .put: add(.mutate(put(), transaction: nil))
    case .delete: add(.mutate(delete(), transaction: nil))
    case .batch: addBatch()
    case .transaction: beginTransaction()
    case .flush: add(.flush)
    case .checkpoint:
      add(.checkpoint)
      addCheckpoint(at: .checkpoint)
    case .get: add(.get(readKey(), transaction: nil))
    case .search:
      let query = SearchQuery(
        vector: values.query(&random, puts: puts), count: random.number(in: 1...8),
        metric: random.pick(SearchQuery.Metric.allCases), namespace: namespace())
      add(.search(query))
    case .dump: add(.dump)
    case .stats: add(.stats)
    case .reopen: reopen()
    case .namespace: addNamespaceStep()
    case .clear: addClear()
    }
  }

  /// A put of a value that no other put of the run has.
  mutating func put(_ key: RecordKey? = nil) -> Mutation {
    let key = key ?? putKey()
    puts += 1
    deleted.removeAll { $0 == key }
    written.removeAll { $0 == key }
    written.append(key)
    return .put(key, values.value(puts, idBytes: key.id.count))
  }

  /// A delete, three times in four of what is probably there.
  mutating func delete(_ key: RecordKey? = nil) -> Mutation {
    let key = key ?? readKey()
    if written.contains(key) {
      written.removeAll { $0 == key }
      deleted.append(key)
    }
    return .delete(key)
  }

  private mutating func addBatch() {
    var mutations: [Mutation] = []
    var count = random.number(in: 2...6)
    if let drawn = moods.batchCount(nextNumber) {
      // What the requests still to come may need is left to them.
      let spare = (epoch + 1) * putsPerEpoch - puts - 6 * (room - 1)
      count = min(drawn, spare)
    }
    for _ in 0..<count {
      // The same key twice in one batch: the later one counts.
      let key = random.chance(1, in: 6) ? mutations.last?.key : nil
      let isPut = !supports(.delete) || random.chance(3, in: 4)
      mutations.append(isPut ? put(key) : delete(key))
    }
    add(.batch(mutations))
  }

  private mutating func reopen() {
    // What a store does about a `close` inside a transaction is nowhere promised.
    guard transactions.isEmpty, room >= 2 else { return addFiller() }
    add(.close)
    addOpen()
    addCheckpoint(at: .start)
  }

  /// Adds a checkpoint at an awkward moment, in runs that do so and where checkpoints are on.
  @discardableResult
  private mutating func addCheckpoint(at moment: Moods.Moment) -> Bool {
    guard room > 0, kinds.contains(.checkpoint), moods.checkpoints(at: moment, nextNumber) else {
      return false
    }
    add(.checkpoint)
    return true
  }

  /// Adds a mutation where the drawn step cannot be made.
  mutating func addFiller() {
    if kinds.contains(.put) || !supports(.batch) {
      add(.mutate(put(), transaction: nil))
    } else {
      addBatch()
    }
  }
}
