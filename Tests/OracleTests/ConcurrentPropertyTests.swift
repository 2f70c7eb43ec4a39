import Determinism
import Oracle
import SubjectProtocol
import Testing

/// A random history of overlapping requests, told to the oracle and to the brute force alike.
struct ConcurrentHistory {
  var random: PRNG
  var model: OracleModel
  var brute: ConcurrentBruteForce
  var log: [String] = []
  var clock = 0
  var findings: [Finding] = []
  private var next: UInt64 = 10
  private let keys: Int
  /// What is outstanding: the request, when it was issued, and what it is.
  private var outstanding: [(number: UInt64, issuedAt: Int, kind: Kind)] = []

  enum Kind: Equatable { case effect, flush, get(Int) }

  init(_ seed: Seed) {
    random = PRNG(seed)
    keys = random.number(in: 1...3)
    var contract = RandomHistory.contract(&random)
    contract.syncEvery = nil
    contract.batchesAreAtomic = true
    contract.clearIsAtomic = true
    model = OracleModel(contract: contract, dimension: 1, features: [])
    model.issued(.open(directory: "d", dimension: 1, options: .emptyObject), number: 1)
    _ = model.answered(.ok, to: 1)
    brute = ConcurrentBruteForce(contract: contract)
    log.append(
      "\(contract.acknowledgementAfterProcessCrash)/\(contract.acknowledgementAfterPowerLoss) "
        + "\(contract.order) failed \(contract.failedOperationsAreAbsent)")
  }

  var contract: Contract { brute.contract }

  private mutating func mutation() -> (Mutation, (key: Int, value: Float?)) {
    let key = random.below(keys)
    let name = RandomHistory.name(key)
    if random.chance(1, in: 5) { return (.delete(name), (key, nil)) }
    let value = Float(random.number(in: 1...9))
    return (.put(name, value), (key, value))
  }

  mutating func issue(mayRead: Bool) {
    clock += 1
    next += 1
    let request: Request
    switch random.index(weights: [6, 3, 1, mayRead ? 5 : 0]) {
    case 0, 1:
      let isBatch = random.chance(1, in: 3)
      let all = (0..<(isBatch ? 2 : 1)).map { _ in self.mutation() }
      request = isBatch ? .batch(all.map(\.0)) : .mutate(all[0].0, transaction: nil)
      let ops = all.map(\.1)
      brute.effects.append(
        ConcurrentBruteForce.Effect(ops: ops, request: next, start: clock))
      outstanding.append((next, clock, .effect))
    case 2:
      request = .flush
      outstanding.append((next, clock, .flush))
    default:
      let key = random.below(keys)
      request = .get(RecordKey(RandomHistory.name(key)), transaction: nil)
      outstanding.append((next, clock, .get(key)))
    }
    log.append("@\(clock) \(next) \(request)")
    model.issued(request, number: next)
  }

  /// Answers one of the outstanding requests; a read shows what some order explains.
  mutating func answer() {
    guard !outstanding.isEmpty else { return }
    clock += 1
    let (number, issuedAt, kind) = outstanding.remove(at: random.below(outstanding.count))
    switch kind {
    case .effect:
      // What a read has shown cannot be refused any more.
      let outcome = random.index(weights: [10, 2, brute.readings.isEmpty ? 1 : 0])
      findings += model.answered([Answer.ok, io, invalid][outcome], to: number)
      brute.answer(number, isOK: [true, false, nil][outcome], at: clock)
      log.append("@\(clock) \(number) outcome \(outcome)")
    case .flush:
      findings += model.answered(.ok, to: number)
      brute.barrier(issuedAt: issuedAt)
      log.append("@\(clock) \(number) flushed")
    case .get(let key):
      let shown = random.pick(brute.visible(key, from: issuedAt, to: clock))
      let value = shown.map { RecordValue(vector: [$0]) }
      findings += model.answered(.record(value), to: number)
      brute.readings.append(
        ConcurrentBruteForce.Reading(key: key, value: shown, start: issuedAt, end: clock))
      log.append("@\(clock) \(number) showed \(shown.map { "\($0)" } ?? "nothing")")
    }
  }

  /// Up to `most` effects, in windows.
  mutating func run(_ most: Int, mayRead: Bool) {
    while brute.effects.count < most {
      let isFull = outstanding.count >= 4
      if isFull || (!outstanding.isEmpty && random.chance(2, in: 5)) {
        answer()
      } else {
        issue(mayRead: mayRead)
      }
    }
    while !outstanding.isEmpty, random.chance(4, in: 5) { answer() }
  }

  /// A power loss that one of the permitted states is left of, and an open that shows it.
  mutating func restart(showing state: ConcurrentBruteForce.State) {
    model = model.crashed(.power)
    outstanding = []
    next += 2
    model.issued(.open(directory: "d", dimension: 1, options: .emptyObject), number: next - 1)
    findings += model.answered(.ok, to: next - 1)
    model.issued(.dump, number: next)
    findings += model.answered(.dump(Dump(RandomHistory.records(state))), to: next)
    (brute.base, brute.effects, brute.readings) = (state, [], [])
    log.append("power loss, then \(state.sorted { $0.key < $1.key })")
  }

  /// A state near to a permitted one.
  mutating func candidate(
    _ permitted: [ConcurrentBruteForce.State]
  ) -> ConcurrentBruteForce.State {
    var state = random.pick(permitted)
    for _ in 0..<random.index(weights: [1, 3, 2]) {
      let key = random.below(keys)
      let values = brute.effects.flatMap(\.ops).filter { $0.key == key }.map(\.value)
      state[key] = values.isEmpty ? nil : random.pick(values)
    }
    return state
  }
}

@Suite("Overlapping requests, against every order enumerated by the definition")
struct ConcurrentPropertyTests {
  @Test("Without reads permitted and nearest agree exactly", arguments: 0..<400)
  func withoutReads(index: Int) {
    let seed = Seed(0x0AC2).derived("orders", index)
    var history = ConcurrentHistory(seed)
    for epoch in 0..<2 {
      history.run(history.random.number(in: 1...(5 - epoch)), mayRead: false)
      for crash in Contract.Crash.allCases { checkExactly(&history, crash, seed) }
      let permitted = sorted(history.brute.permitted(.power))
      history.restart(showing: history.random.pick(permitted))
      #expect(history.findings.isEmpty, "seed \(seed): \(history.log): \(history.findings)")
    }
  }

  private func checkExactly(
    _ history: inout ConcurrentHistory, _ crash: Contract.Crash, _ seed: Seed
  ) {
    let permitted = sorted(history.brute.permitted(crash))
    check(history, permitted, crash, seed, isExact: true)
    for _ in 0..<8 {
      let state = history.candidate(permitted)
      let judgement = history.model.judge(Dump(RandomHistory.records(state)), after: crash)
      #expect(
        judgement.isPermitted == permitted.contains(state),
        "seed \(seed): \(history.log) \(crash) \(state): \(judgement.allNames), \(permitted)")
      guard !judgement.isPermitted else { continue }
      let least = permitted.map { distance($0, state) }.min()
      #expect(
        judgement.nearest?.differences.count == least,
        "seed \(seed): \(history.log) \(crash) nearest to \(state), \(permitted)")
    }
  }

  @Test("With reads there is no false alarm, at a read or after a crash", arguments: 0..<400)
  func withReads(index: Int) {
    let seed = Seed(0x0AC2).derived("reads", index)
    var history = ConcurrentHistory(seed)
    history.run(history.random.number(in: 1...4), mayRead: true)
    #expect(history.findings.isEmpty, "seed \(seed): \(history.log): \(history.findings)")
    for crash in Contract.Crash.allCases {
      check(history, sorted(history.brute.permitted(crash)), crash, seed, isExact: false)
    }
  }

  private func check(
    _ history: ConcurrentHistory, _ permitted: [ConcurrentBruteForce.State],
    _ crash: Contract.Crash, _ seed: Seed, isExact: Bool
  ) {
    for state in permitted {
      let judgement = history.model.judge(Dump(RandomHistory.records(state)), after: crash)
      #expect(
        judgement.isPermitted,
        "seed \(seed): \(history.log) \(crash) false alarm \(state): \(judgement.allNames)")
    }
    // Of what reads tell the oracle keeps what is certain, so that it may permit more.
    guard isExact else { return }
    let states = Set(permitted.map { Dump(RandomHistory.records($0)).digest })
    for digest in history.model.permittedDigests(after: crash) ?? [] {
      #expect(states.contains(digest), "seed \(seed): \(history.log) \(crash)")
    }
  }

  private func sorted(
    _ states: [ConcurrentBruteForce.State]
  ) -> [ConcurrentBruteForce.State] {
    func text(_ state: ConcurrentBruteForce.State) -> String {
      state.keys.sorted().map { "\($0)=\(state[$0] ?? 0)" }.joined(separator: ",")
    }
    return states.sorted { text($0) < text($1) }
  }

  private func distance(
    _ left: ConcurrentBruteForce.State, _ right: ConcurrentBruteForce.State
  ) -> Int {
    Set(left.keys).union(right.keys).count { left[$0] != right[$0] }
  }
}

@Suite("Overlapping requests")
struct OverlapTests {
  private func story(_ contract: Contract = Story.durable) -> Story { Story(contract) }

  /// Two puts of one key that overlap, both acknowledged.
  private func twoPuts(_ contract: Contract = Story.durable) -> Story {
    var story = Story(contract)
    story.model.issued(.mutate(.put("a", 1), transaction: nil), number: 101)
    story.model.issued(.mutate(.put("a", 2), transaction: nil), number: 102)
    story.findings += story.model.answered(.ok, to: 102)
    story.findings += story.model.answered(.ok, to: 101)
    return story
  }

  @Test("Either order is permitted, and losing both is a loss")
  func eitherOrder() {
    let story = twoPuts()
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 2]))
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
  }

  @Test("A read that shows the order fixes it, for later reads and after a crash")
  func readFixesOrder() {
    var story = twoPuts()
    #expect(story.get("a", 1).isEmpty)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.names(.power, ["a": 2]) == [.acknowledgedWriteLost])
    #expect(story.get("a", 2) == [.unstableRead])
  }

  @Test("A dump fixes the order of every key it shows")
  func dumpFixesOrder() {
    var story = twoPuts()
    #expect(story.dump(["a": 2]).isEmpty)
    #expect(story.names(.process, ["a": 1]) == [.acknowledgedWriteLost])
  }

  @Test("What a read has shown while it was outstanding does not vanish from later reads")
  func seenStays() {
    var story = story()
    story.put("a", 1)
    story.model.issued(.mutate(.put("a", 2), transaction: nil), number: 102)
    #expect(story.get("a", 2).isEmpty)
    #expect(story.get("a", 1) == [.unstableRead])
    // Seen is not safe: until it is acknowledged a crash may take it.
    #expect(story.permits(.power, ["a": 1]))
  }

  @Test("A read that overlaps a put may show either, and pins nothing")
  func overlappingRead() {
    var story = story()
    story.put("a", 1)
    story.model.issued(.get(RecordKey("a"), transaction: nil), number: 101)
    story.model.issued(.mutate(.put("a", 2), transaction: nil), number: 102)
    _ = story.model.answered(.ok, to: 102)
    let old = Answer.record(RecordValue(vector: [1]))
    #expect(story.model.answered(old, to: 101).isEmpty)
    #expect(story.get("a", 1) == [.acknowledgedWriteLost])
    #expect(story.get("a", 2).isEmpty)
  }

  @Test("A barrier covers what was answered before it was issued, not what it overlapped")
  func barrier() {
    var story = story(Story.volatile)
    story.put("a", 1)
    story.model.issued(.mutate(.put("b", 2), transaction: nil), number: 101)
    story.model.issued(.flush, number: 102)
    _ = story.model.answered(.ok, to: 101)
    _ = story.model.answered(.ok, to: 102)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.names(.power, ["b": 2]) == [.acknowledgedWriteLost])
  }

  @Test("A clear may come after a put that was first named while it was outstanding")
  func clearing() {
    var story = story()
    story.model.issued(.clear(namespace: nil), number: 101)
    story.model.issued(.mutate(.put("a", 1), transaction: nil), number: 102)
    _ = story.model.answered(.ok, to: 102)
    _ = story.model.answered(.ok, to: 101)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1]))
  }

  @Test("A dump that overlaps a batch may show it in part; one after it may not")
  func partialDump() {
    var story = story()
    story.model.issued(.dump, number: 100)
    story.model.issued(.batch([.put("a", 1), .put("b", 1)]), number: 101)
    #expect(story.model.answered(.dump(Dump(["a": 1])), to: 100).isEmpty)
    _ = story.model.answered(.ok, to: 101)
    #expect(!story.dump(["a": 1]).isEmpty)
  }

  @Test("One of the last of syncEvery may be lost, whichever it is; what came before may not")
  func syncEvery() {
    var contract = Story.volatile
    contract.syncEvery = 2
    var story = Story(contract)
    for number in UInt64(101)...103 {
      story.model.issued(.mutate(.put("k\(number)", 1), transaction: nil), number: number)
    }
    for number in UInt64(101)...103 { _ = story.model.answered(.ok, to: number) }
    #expect(story.permits(.power, ["k101": 1, "k102": 1]))
    #expect(story.permits(.power, ["k102": 1, "k103": 1]))
    story.put("last", 1)
    #expect(!story.permits(.power, ["k102": 1, "k103": 1]))
    #expect(story.permits(.power, ["k101": 1, "k102": 1, "k103": 1]))
  }

  @Test("Forty requests, eight of which always overlap, are decided")
  func many() {
    for order in [Contract.Order.prefix, .perKey] {
      var contract = Story.volatile
      contract.order = order
      var story = Story(contract)
      var state: [String: Float] = [:]
      for window in 0..<5 {
        let numbers = (0..<8).map { UInt64(window * 8 + $0 + 100) }
        for number in numbers {
          let pair: [Mutation] = [
            .put("k\(number % 5)", Float(number)), .put("k\(number % 3)", Float(number)),
          ]
          story.model.issued(.batch(pair), number: number)
        }
        for number in numbers.reversed() {
          _ = story.model.answered(.ok, to: number)
          state["k\(number % 5)"] = Float(number)
          state["k\(number % 3)"] = Float(number)
        }
      }
      let judgement = story.judge(.power, state)
      #expect(judgement.isPermitted && !judgement.isUndecided, "\(order)")
      state["k1"] = 100
      state["k4"] = nil
      let wrong = story.judge(.process, state)
      #expect(!wrong.isPermitted || wrong.isUndecided, "\(order)")
    }
  }
}
