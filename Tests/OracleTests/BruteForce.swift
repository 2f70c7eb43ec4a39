import Determinism
import SubjectProtocol

/// The permitted states by the letter of the definition: every cut, every choice, every order.
///
/// It shares nothing with the oracle but the words, and is only fit for tiny histories.
struct BruteForce {
  typealias State = [Int: Float]

  struct Effect {
    var ops: [(key: Int, value: Float?)]
    /// Ops of one request that is not atomic share it and come in any order under `prefix`.
    var request: Int
    /// Where it stands in the written order.
    var place: Int
    var isAcknowledged: Bool
    var isAbsent = false
    var durable: Set<Contract.Crash> = []
    /// Acknowledged effects up to and with this one, for `syncEvery`.
    var ordinal = 0
    var isNew = true
  }

  /// One way it may have gone: where the history starts, and what is in it.
  struct World {
    var base: State
    var effects: [Effect]
  }

  let contract: Contract
  var worlds = [World(base: [:], effects: [])]
  var acknowledged = 0
  private var count = 0

  init(_ contract: Contract) { self.contract = contract }

  // MARK: History

  mutating func add(
    _ groups: [[(key: Int, value: Float?)]], request: Int, isOK: Bool, isFailed: Bool
  ) {
    var effects: [Effect] = []
    if isOK { acknowledged += 1 }
    for ops in groups {
      var effect = Effect(ops: ops, request: request, place: count, isAcknowledged: isOK)
      count += 1
      effect.isAbsent = isFailed && contract.failedOperationsAreAbsent
      effect.ordinal = acknowledged
      if isOK {
        for crash in Contract.Crash.allCases
        where contract.acknowledgement(after: crash) == .durable {
          effect.durable.insert(crash)
        }
      }
      effects.append(effect)
    }
    let isFull = contract.syncEvery.map { acknowledged >= $0 } ?? false
    for world in worlds.indices {
      worlds[world].effects += effects
      guard isOK else { continue }
      // A durable acknowledgement makes final what an answer showed before it.
      let isDurable = contract.acknowledgement(after: .power) == .durable || isFull
      if isDurable && contract.order == .prefix { finish(world) }
      if isFull { finishAcknowledged(world, isNew: false) }
    }
  }

  mutating func barrier() {
    for world in worlds.indices {
      finish(world)
      finishAcknowledged(world, isNew: true)
    }
  }

  private mutating func finishAcknowledged(_ world: Int, isNew: Bool) {
    for index in worlds[world].effects.indices where worlds[world].effects[index].isAcknowledged {
      if worlds[world].effects[index].isNew && !isNew { continue }
      worlds[world].effects[index].durable = [.process, .power]
    }
  }

  private mutating func finish(_ world: Int) {
    for effect in worlds[world].effects.indices where !worlds[world].effects[effect].isNew {
      worlds[world].effects[effect].durable = [.process, .power]
    }
  }

  /// Goes on from the worlds that a crash of one of these kinds leaves and that show `shown`.
  mutating func recover(_ crashes: [Contract.Crash], showing shown: State) {
    var next: [World] = []
    for world in worlds {
      for crash in crashes {
        for kept in survivors(of: world, crash) where state(world.base, kept) == shown {
          if crashes.contains(.power) || contract.recoveredIsDurable {
            next = [World(base: shown, effects: [])]
            continue
          }
          let seen = kept.map { effect in
            var effect = effect
            // The count starts again, but what it has made durable stays so.
            for crash in Contract.Crash.allCases where isDurable(effect, crash) {
              effect.durable.insert(crash)
            }
            effect.isNew = false
            effect.durable.insert(.process)
            return effect
          }
          next.append(World(base: world.base, effects: seen))
        }
      }
    }
    worlds = next
    acknowledged = 0
  }

  // MARK: States

  func permitted(_ crashes: [Contract.Crash]) -> [State] {
    var states: Set<State> = []
    for world in worlds {
      for crash in crashes {
        for kept in survivors(of: world, crash) { states.insert(state(world.base, kept)) }
      }
    }
    return states.sorted { key($0) < key($1) }
  }

  /// What a living process may show: all that is acknowledged, and any of the rest.
  func visible() -> [State] {
    var states: Set<State> = []
    for world in worlds {
      let free = world.effects.indices.filter {
        world.effects[$0].isNew && !world.effects[$0].isAcknowledged
      }
      for choice in 0..<(1 << free.count) {
        let kept = world.effects.indices.filter { index in
          guard let place = free.firstIndex(of: index) else { return true }
          return choice >> place & 1 == 1
        }
        states.insert(state(world.base, kept.map { world.effects[$0] }))
      }
    }
    return states.sorted { key($0) < key($1) }
  }

  private func key(_ state: State) -> String {
    state.keys.sorted().map { "\($0)=\(state[$0] ?? 0)" }.joined(separator: ",")
  }

  private func state(_ base: State, _ effects: [Effect]) -> State {
    var state = base
    for effect in effects { for op in effect.ops { state[op.key] = op.value } }
    return state
  }

  private func isDurable(_ effect: Effect, _ crash: Contract.Crash) -> Bool {
    if effect.durable.contains(crash) { return true }
    guard let syncEvery = contract.syncEvery, effect.isAcknowledged, effect.isNew else {
      return false
    }
    return acknowledged - effect.ordinal >= syncEvery - 1
  }

  /// Every set of effects of `world` that a crash may leave, in their order.
  private func survivors(of world: World, _ crash: Contract.Crash) -> [[Effect]] {
    switch contract.order {
    case .prefix:
      orders(world.effects).flatMap { order in
        (0...order.count).flatMap { cut in
          choices(order, crash) { _, index in index < cut }
        }
      }.map { kept in kept.sorted { $0.place < $1.place } }
    case .perKey: perKey(world.effects, crash)
    }
  }

  /// The orders that the ops of requests which are not atomic may have come in; the final values
  /// are those of the written order, so only where the cut falls depends on it.
  private func orders(_ effects: [Effect]) -> [[Effect]] {
    var groups: [[Effect]] = []
    for effect in effects {
      if let last = groups.last?.last, last.request == effect.request {
        groups[groups.count - 1].append(effect)
      } else {
        groups.append([effect])
      }
    }
    return groups.reduce([[]]) { heads, group in
      heads.flatMap { head in permutations(group).map { head + $0 } }
    }
  }

  private func permutations(_ effects: [Effect]) -> [[Effect]] {
    guard effects.count > 1 else { return [effects] }
    return effects.indices.flatMap { first in
      var rest = effects
      let head = rest.remove(at: first)
      return permutations(rest).map { [head] + $0 }
    }
  }

  private func perKey(_ effects: [Effect], _ crash: Contract.Crash) -> [[Effect]] {
    let keys = Set(effects.flatMap { $0.ops.map(\.key) }).sorted()
    var all: [[Effect]] = []
    var cuts = [Int](repeating: 0, count: keys.count)
    while true {
      all += choices(effects, crash) { effect, index in
        let sides = Set(
          effect.ops.map { op in index < cuts[keys.firstIndex(of: op.key) ?? 0] })
        if sides.count == 1 { return sides.first }
        // An atomic group cannot be on both sides of its keys' cuts, but an optional one may be
        // absent wherever they are.
        return effect.isAcknowledged ? nil : false
      }
      guard let place = cuts.indices.first(where: { cuts[$0] < effects.count }) else { break }
      for lower in 0..<place { cuts[lower] = 0 }
      cuts[place] += 1
    }
    return all
  }

  /// Acknowledged effects before the cut, and any of the optional ones before it; nothing if a
  /// durable one is behind it. `isBefore` gives nil where no cut can be so.
  private func choices(
    _ effects: [Effect], _ crash: Contract.Crash, _ isBefore: (Effect, Int) -> Bool?
  ) -> [[Effect]] {
    var sets: [[Effect]] = [[]]
    for (index, effect) in effects.enumerated() {
      guard let isBefore = isBefore(effect, index) else { return [] }
      if effect.isAbsent { continue }
      let isDurable = isDurable(effect, crash)
      if isDurable && !isBefore { return [] }
      guard isBefore else { continue }
      let with = sets.map { $0 + [effect] }
      sets = effect.isAcknowledged || isDurable ? with : sets + with
    }
    return sets
  }
}
