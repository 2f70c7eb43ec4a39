import Determinism
import Oracle
import SubjectProtocol
import Testing

/// A random history, told to the oracle and to the brute force alike.
struct RandomHistory {
  var random: PRNG
  var story: Story
  var brute: BruteForce
  var log: [String] = []
  /// The crashes since the last answer that showed something.
  var crashes: [Contract.Crash] = []
  var submitted: [Int: [Float]] = [:]
  /// Keys that some request named so far.
  var mentioned: Set<Int> = []
  /// Whether the last request is not answered.
  var isHung = false
  let keys: Int

  init(_ seed: Seed) {
    random = PRNG(seed)
    keys = random.number(in: 2...3)
    let contract = Self.contract(&random)
    story = Story(contract)
    brute = BruteForce(contract)
    log.append(
      "\(contract.acknowledgementAfterProcessCrash)/\(contract.acknowledgementAfterPowerLoss) "
        + "\(contract.order) N=\(contract.syncEvery ?? 0) batches \(contract.batchesAreAtomic) "
        + "clear \(contract.clearIsAtomic) failed \(contract.failedOperationsAreAbsent) "
        + "recovered \(contract.recoveredIsDurable)")
  }

  static func contract(_ random: inout PRNG) -> Contract {
    let acknowledgements: [Contract.Acknowledgement] = [.durable, .volatile]
    return Contract(
      acknowledgementAfterProcessCrash: random.chance(3, in: 4) ? .durable : .volatile,
      acknowledgementAfterPowerLoss: random.pick(acknowledgements),
      syncEvery: random.chance(1, in: 4) ? random.number(in: 2...3) : nil,
      order: random.pick([.prefix, .perKey]), transactions: true,
      batchesAreAtomic: random.chance(2, in: 3), clearIsAtomic: random.chance(2, in: 3),
      failedOperationsAreAbsent: random.chance(1, in: 6),
      recoveredIsDurable: random.chance(1, in: 6))
  }

  static func name(_ key: Int) -> String { "k\(key)" }

  private mutating func mutation() -> (Mutation, (key: Int, value: Float?)) {
    let key = random.below(keys)
    mentioned.insert(key)
    // With syncEvery a removal of nothing takes no place in the count, so none is drawn.
    if random.chance(1, in: 4), brute.contract.syncEvery == nil {
      submitted[key] = submitted[key] ?? []
      return (.delete(Self.name(key)), (key, nil))
    }
    let value = Float(random.number(in: 1...4))
    submitted[key, default: []].append(value)
    return (.put(Self.name(key), value), (key, value))
  }

  /// One request; false if it stays unanswered, so that a crash must follow.
  mutating func step(_ request: Int, mayHang: Bool) -> Bool {
    let outcome = random.index(weights: [8, 2, 1, mayHang ? 1 : 0])
    let answer = [Answer.ok, io, invalid, nil][outcome]
    var groups: [[(key: Int, value: Float?)]] = []
    switch random.index(weights: [6, 3, 3, brute.contract.syncEvery == nil ? 1 : 0, 1]) {
    case 0:
      let (mutation, op) = mutation()
      story.ask(.mutate(mutation, transaction: nil), answer)
      groups = [[op]]
    case 1:
      let all = (0..<random.number(in: 2...3)).map { _ in self.mutation() }
      story.ask(.batch(all.map(\.0)), answer)
      groups = brute.contract.batchesAreAtomic ? [all.map(\.1)] : all.map { [$0.1] }
    case 2:
      let all = (0..<random.number(in: 1...3)).map { _ in self.mutation() }
      story.transaction(all.map(\.0), commit: answer)
      groups = [all.map(\.1)]
    case 3:
      // A clear concerns the records there may have been.
      let ops = mentioned.sorted().map { (key: $0, value: Float?.none) }
      story.ask(.clear(namespace: nil), answer)
      groups = brute.contract.clearIsAtomic && !ops.isEmpty ? [ops] : ops.map { [$0] }
    default:
      story.ask(.flush, outcome == 3 ? io : answer)
      log.append("flush \(outcome)")
      if outcome == 0 { brute.barrier() }
      return true
    }
    log.append("\(groups) \(outcome)")
    isHung = outcome == 3
    if outcome != 2 {
      brute.add(groups, request: request, isOK: outcome == 0, isFailed: outcome == 1)
    }
    return outcome != 3
  }

  mutating func epoch(_ requests: Int) {
    for request in 0..<requests {
      if !step(Int(story.next) * 100 + request, mayHang: request == requests - 1) { break }
    }
  }

  mutating func crash() {
    crashes = [random.pick(Contract.Crash.allCases)]
    story.model = story.model.crashed(crashes[0])
    if random.chance(1, in: 5) {
      story.open(unanswered)
      let second = random.pick(Contract.Crash.allCases)
      story.model = story.model.crashed(second)
      if !crashes.contains(second) { crashes.append(second) }
    }
    log.append("crash \(crashes)")
  }

  /// Shows one of the permitted states, so that the history goes on from it.
  mutating func recover() {
    let shown = random.pick(brute.permitted(crashes))
    story.open()
    story.dump(Self.records(shown))
    brute.recover(crashes, showing: shown)
    log.append("shown \(shown.sorted { $0.key < $1.key })")
    crashes = []
  }

  static func records(_ state: BruteForce.State) -> [String: Float] {
    Dictionary(uniqueKeysWithValues: state.map { (name($0.key), $0.value) })
  }

  /// A permitted state, or one near to it.
  mutating func candidate(_ permitted: [BruteForce.State]) -> BruteForce.State {
    var state = random.pick(permitted)
    for _ in 0..<random.index(weights: [2, 3, 1]) {
      let key = random.below(keys)
      let values = submitted[key] ?? []
      state[key] = values.isEmpty || random.chance(1, in: 3) ? nil : random.pick(values)
    }
    return state
  }
}

@Suite("Against every permitted state, enumerated by the definition")
struct PropertyTests {
  private func digest(_ state: BruteForce.State) -> Digest {
    Dump(RandomHistory.records(state)).digest
  }

  private func distance(_ left: BruteForce.State, _ right: BruteForce.State) -> Int {
    Set(left.keys).union(right.keys).count { left[$0] != right[$0] }
  }

  @Test("One epoch: permitted, nearest and digests agree exactly", arguments: 0..<300)
  func oneEpoch(index: Int) {
    let seed = Seed(0x0AC1).derived("one", index)
    var history = RandomHistory(seed)
    history.epoch(history.random.number(in: 1...5))
    history.crash()
    check(&history, seed, isExact: true)
  }

  @Test(
    "Several epochs: no false alarm, and exact where the definition leaves one world",
    arguments: 0..<300)
  func severalEpochs(index: Int) {
    let seed = Seed(0x0AC1).derived("several", index)
    var history = RandomHistory(seed)
    var isExact = true
    for _ in 0..<history.random.number(in: 1...2) {
      history.epoch(history.random.number(in: 1...3))
      history.crash()
      // Between a process crash and a power loss the oracle may permit more than the definition.
      isExact = history.crashes.contains(.power)
      history.recover()
    }
    #expect(history.story.findings.isEmpty, "seed \(seed): \(history.log)")
    history.epoch(history.random.number(in: 0...3))
    checkLive(&history, seed)
    history.crash()
    check(&history, seed, isExact: isExact || history.crashes == [.process])
  }

  private func checkLive(_ history: inout RandomHistory, _ seed: Seed) {
    let visible = history.brute.visible()
    // A hung request shows nothing any more, and the worlds of several epochs are one here.
    guard !visible.isEmpty else { return }
    for _ in 0..<4 {
      let state = history.candidate(visible)
      var story = history.story
      let names = story.dump(RandomHistory.records(state))
      let isVisible = visible.contains(state)
      // A dump that overlaps a group need not show it whole.
      #expect(
        names.isEmpty == isVisible || (names.isEmpty && history.isHung),
        "seed \(seed): \(history.log) live \(state): \(names)")
    }
  }

  private func check(_ history: inout RandomHistory, _ seed: Seed, isExact: Bool) {
    let permitted = history.brute.permitted(history.crashes)
    // The crash has happened already; a second one of its kind, with no answer between, adds
    // nothing.
    let model = history.story.model
    let crash = history.crashes[0]
    for state in permitted {
      let judgement = model.judge(Dump(RandomHistory.records(state)), after: crash)
      #expect(
        judgement.isPermitted,
        "seed \(seed): \(history.log) false alarm \(state): \(judgement.allNames)")
    }
    let digests = model.permittedDigests(after: crash)
    if let digests {
      for state in permitted {
        #expect(digests.contains(digest(state)), "seed \(seed): \(history.log): \(state)")
      }
      if isExact {
        #expect(digests == Set(permitted.map(digest)).sorted(), "seed \(seed): \(history.log)")
      }
    }
    for _ in 0..<6 {
      let state = history.candidate(permitted)
      let judgement = model.judge(Dump(RandomHistory.records(state)), after: crash)
      if let digests {
        #expect(judgement.isPermitted == digests.contains(digest(state)), "seed \(seed)")
      }
      if judgement.isPermitted {
        #expect(
          !isExact || permitted.contains(state),
          "seed \(seed): \(history.log) missed \(state), permitted \(permitted)")
        continue
      }
      #expect(judgement.nearest?.differences.isEmpty == false, "seed \(seed): \(state)")
      guard isExact else { continue }
      let least = permitted.map { distance($0, state) }.min()
      #expect(
        judgement.nearest?.differences.count == least,
        "seed \(seed): \(history.log) nearest to \(state)")
    }
  }
}
