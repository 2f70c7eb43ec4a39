import SubjectProtocol

/// The permitted states of histories whose requests overlap, by the letter of the definition: every
/// order that time leaves, every cut, every choice.
///
/// It shares nothing with the oracle but the words, and is only fit for tiny histories.
struct ConcurrentBruteForce {
  typealias State = [Int: Float]

  struct Effect {
    var ops: [(key: Int, value: Float?)]
    var request: UInt64
    var start: Int
    var end = Int.max
    /// Nil while it is not answered.
    var isOK: Bool?
    var durable: Set<Contract.Crash> = []
  }

  /// What a read showed, and when.
  struct Reading {
    var key: Int
    var value: Float?
    var start: Int
    var end: Int
  }

  let contract: Contract
  var base: State = [:]
  var effects: [Effect] = []
  var readings: [Reading] = []

  mutating func answer(_ request: UInt64, isOK: Bool?, at time: Int) {
    // Refused: it never was.
    if isOK == nil { effects.removeAll { $0.request == request } }
    for index in effects.indices where effects[index].request == request {
      effects[index].end = time
      effects[index].isOK = isOK
      guard isOK == true else { continue }
      for crash in Contract.Crash.allCases where contract.acknowledgement(after: crash) == .durable
      {
        effects[index].durable.insert(crash)
      }
    }
  }

  mutating func barrier(issuedAt time: Int) {
    for index in effects.indices where effects[index].isOK == true && effects[index].end < time {
      effects[index].durable = [.process, .power]
    }
  }

  /// Every order that time leaves and that explains what reads have shown, `reading` among them.
  private func orders(with reading: Reading? = nil) -> [[Effect]] {
    var all: [[Effect]] = []
    func extend(_ head: [Effect], _ rest: [Effect]) {
      if rest.isEmpty { return all.append(head) }
      for index in rest.indices where !rest.contains(where: { $0.end < rest[index].start }) {
        var rest = rest
        let next = rest.remove(at: index)
        extend(head + [next], rest)
      }
    }
    extend([], effects)
    let readings = readings + (reading.map { [$0] } ?? [])
    // One process does not change its mind about what was never acknowledged.
    return all.filter { order in
      Self.choices(order).contains { shown in
        explains(order, Set(shown.map(\.request)), readings, [])
      }
    }
  }

  /// Whether `readings` can have been made at places of `order`, of which `shown` show, the first
  /// of them at `places`: each behind all that had ended before it, reads too, and before all that
  /// was issued after it.
  private func explains(
    _ order: [Effect], _ shown: Set<UInt64>, _ readings: [Reading], _ places: [Int]
  ) -> Bool {
    guard places.count < readings.count else { return true }
    let reading = readings[places.count]
    return (0...order.count).contains { place in
      order[..<place].allSatisfy { $0.start < reading.end }
        && order[place...].allSatisfy { $0.end > reading.start }
        && zip(places, readings).allSatisfy { earlier, other in
          (other.end > reading.start || earlier <= place)
            && (reading.end > other.start || place <= earlier)
        }
        && state(order[..<place].filter { shown.contains($0.request) })[reading.key]
          == reading.value
        && explains(order, shown, readings, places + [place])
    }
  }

  /// The values that a read of `key` may show.
  func visible(_ key: Int, from start: Int, to end: Int) -> [Float?] {
    let values = [nil] + Set(effects.flatMap { $0.ops }.compactMap(\.value)).sorted().map { $0 }
    return values.filter { value in
      !orders(with: Reading(key: key, value: value, start: start, end: end)).isEmpty
    }
  }

  /// Every way to take what is acknowledged and any of the rest.
  private static func choices(_ effects: [Effect]) -> [[Effect]] {
    effects.reduce([[]]) { heads, effect in
      let with = heads.map { $0 + [effect] }
      return effect.isOK == true ? with : heads + with
    }
  }

  func permitted(_ crash: Contract.Crash) -> [State] {
    var states: Set<State> = []
    for order in orders() {
      switch contract.order {
      case .prefix:
        for cut in 0...order.count
        where !order[cut...].contains(where: { $0.durable.contains(crash) }) {
          for kept in Self.choices(survivable(order[..<cut])) { states.insert(state(kept)) }
        }
      case .perKey: for kept in perKey(order, crash) { states.insert(state(kept)) }
      }
    }
    return Array(states)
  }

  /// Without what failed under a contract that says it left nothing.
  private func survivable(_ effects: some Sequence<Effect>) -> [Effect] {
    effects.filter { !($0.isOK == false && contract.failedOperationsAreAbsent) }
  }

  private func perKey(_ order: [Effect], _ crash: Contract.Crash) -> [[Effect]] {
    let keys = Set(order.flatMap { $0.ops.map(\.key) }).sorted()
    var all: [[Effect]] = []
    var cuts = [Int](repeating: 0, count: keys.count)
    while true {
      var before: [Effect] = []
      var isPossible = true
      for (place, effect) in order.enumerated() {
        let sides = Set(
          effect.ops.map { op in place < cuts[keys.firstIndex(of: op.key) ?? 0] })
        if sides == [true] {
          before.append(effect)
        } else if effect.isOK == true && (sides.count > 1 || effect.durable.contains(crash)) {
          isPossible = false
        }
      }
      if isPossible { all += Self.choices(survivable(before)) }
      guard let place = cuts.indices.first(where: { cuts[$0] < order.count }) else { return all }
      for lower in 0..<place { cuts[lower] = 0 }
      cuts[place] += 1
    }
  }

  private func state(_ kept: some Sequence<Effect>) -> State {
    var state = base
    for effect in kept { for op in effect.ops { state[op.key] = op.value } }
    return state
  }
}
