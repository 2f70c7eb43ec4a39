public import Determinism

/// How many crash states are tried at one crash point. Never depends on time.
public struct ExplosionLimits: Sendable, Equatable {
  /// Every subset of the pending operations is tried while there are no more subsets than this.
  public var exhaustiveUpTo: Int
  /// How many states are drawn beyond the fixed strata where there are more.
  public var samplesPerPoint: Int

  /// Makes limits.
  public init(exhaustiveUpTo: Int = 64, samplesPerPoint: Int = 32) {
    self.exhaustiveUpTo = exhaustiveUpTo
    self.samplesPerPoint = samplesPerPoint
  }
}

/// Lists what a power cut may keep at one crash point under the persistence model of its disk.
///
/// Method. The pending operations are *units*, in issue order: an entry operation; a write or
/// truncation with its data and its size. While the subsets of units are few, all are listed; past
/// that a stratified sample (design.md, section 3): none, all, each prefix, all but one, one alone,
/// and random ones. To that come, for the newest writes, the ways in which part of a unit is kept:
/// torn by sectors, ended at a byte, its size without its data (with every kind of garbage), its
/// data without its size. Every draw comes from a generator derived from the crash point, so states
/// never depend on what was listed before.
///
/// The strata are the same under every model; what whole units need of each other comes from its
/// rules (`UnitDependencies`), and a part that it does not permit is left out (`Disk.accepts`).
///
/// A state that keeps nothing of the newest operation is also a state of the point before it; when
/// only those that are new are wanted, subsets without the newest unit are left out.
public struct CrashStateEnumerator {
  let disk: Disk
  let limits: ExplosionLimits
  let seed: Seed
  /// The units, in issue order.
  let units: [Unit]
  /// What the units need of each other.
  private let dependencies: UnitDependencies
  /// What the persistence model permits.
  let rules: PersistenceRules

  /// One pending operation.
  struct Unit {
    var operation: UInt64
    /// The place in `disk.pendingNames`, for an entry operation.
    var name: Int?
    /// The place in `disk.pendingAttributes`, for a change of attributes.
    var attributes: Int?
    /// The file, and the places in its queues.
    var file: Int?
    var data: Range<Int> = 0..<0
    /// The number of its size in the file's queue, from 1.
    var size: Int?
  }

  /// The files with pending data or sizes, by inode number.
  let files: [InodeNumber]

  /// An enumerator for a power cut at `disk`.
  public init(disk: Disk, limits: ExplosionLimits, seed: Seed) {
    self.disk = disk
    self.limits = limits
    self.seed = seed
    var files: [InodeNumber] = []
    var units: [Unit] = []
    for (index, pending) in disk.pendingNames.enumerated() {
      units.append(Unit(operation: pending.operation, name: index))
    }
    for (index, pending) in disk.pendingAttributes.enumerated() where disk.isAlive(pending.inode) {
      units.append(Unit(operation: pending.operation, attributes: index))
    }
    // A file whose last name is gone for good has states that nobody can see.
    let mayReturn = disk.hasNamelessInodes ? disk.namedOnMedium() : []
    for index in disk.inodes.indices where disk.inodes[index].isAlive {
      guard !disk.inodes[index].pendingData.isEmpty || !disk.inodes[index].pendingSizes.isEmpty,
        disk.inodes[index].names > 0 || mayReturn[index]
      else { continue }
      Self.collect(disk.inodes[index], file: files.count, into: &units)
      files.append(InodeNumber(UInt32(index)))
    }
    units.sort { ($0.operation, $0.name ?? -1) < ($1.operation, $1.name ?? -1) }
    dependencies = UnitDependencies(units, disk, files)
    rules = disk.rules
    self.files = files
    self.units = units
  }

  private static func collect(_ inode: Inode, file: Int, into units: inout [Unit]) {
    var data = 0
    var size = 0
    while data < inode.pendingData.count || size < inode.pendingSizes.count {
      let dataOperation =
        data < inode.pendingData.count ? inode.pendingData[data].operation : UInt64.max
      let sizeOperation =
        size < inode.pendingSizes.count ? inode.pendingSizes[size].operation : UInt64.max
      let operation = min(dataOperation, sizeOperation)
      var unit = Unit(operation: operation, file: file)
      let start = data
      while data < inode.pendingData.count, inode.pendingData[data].operation == operation {
        data += 1
      }
      unit.data = start..<data
      if size < inode.pendingSizes.count, inode.pendingSizes[size].operation == operation {
        size += 1
        unit.size = size
      }
      units.append(unit)
    }
  }

  /// How many pending operations there are.
  public var pendingCount: Int { units.count }

  /// Calls `body` with each choice, in an order that the disk and the seed alone decide.
  ///
  /// With `onlyNew`, choices that keep nothing of the newest operation are left out.
  public func forEachChoice(onlyNew: Bool, _ body: (PowerLossChoice) -> Void) {
    guard !units.isEmpty else {
      body(PowerLossChoice(names: [], files: []))
      return
    }
    if disk.losesAllPending {
      // All that is pending is lost: one state, whatever is new.
      body(choice(keeping: [Bool](repeating: false, count: units.count)))
      return
    }
    if disk.parameters.model == .posixMin && !disk.parameters.hasNarrowingKnobs {
      list(onlyNew: onlyNew, body)
    } else {
      list(onlyNew: onlyNew) { if disk.accepts($0) { body($0) } }
    }
  }

  private func list(onlyNew: Bool, _ body: (PowerLossChoice) -> Void) {
    var generator = PRNG(seed.derived("power-loss", Int(truncatingIfNeeded: disk.operationCount)))
    let isExhaustive = units.count < 20 && (1 << units.count) <= limits.exhaustiveUpTo
    if isExhaustive {
      exhaustive(onlyNew: onlyNew, &generator, body)
    } else {
      stratified(onlyNew: onlyNew, &generator, body)
    }
  }

  private func exhaustive(
    onlyNew: Bool, _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    let last = 1 << (units.count - 1)
    // A rename across directories is two units of one operation: either alone is new.
    let newest = units.indices.reduce(0) {
      units[$1].operation == units[units.count - 1].operation ? $0 | 1 << $1 : $0
    }
    for subset in 0..<(1 << units.count) {
      let kept = units.indices.map { subset & (1 << $0) != 0 }
      guard isClosed(kept) else { continue }
      if subset & newest != 0 || !onlyNew { emit(kept, &generator, body) }
      // The newest unit in part, over every subset of the others while those are few: each has a
      // dozen parts.
      let isPlain = subset == 0 || subset == last - 1
      if subset & last == 0, isPlain || last * 8 <= limits.exhaustiveUpTo {
        partial(of: units.count - 1, kept, &generator, body)
      }
    }
    guard !onlyNew, units.count > 1 else { return }
    if rules.names == .issueOrder {
      partsOfOlder(&generator, body)
    } else {
      let all = [Bool](repeating: true, count: units.count)
      for index in 0..<units.count - 1 {
        var kept = all
        kept[index] = false
        if isClosed(kept) { partial(of: index, kept, &generator, body) }
      }
    }
  }

  /// The parts of older units, each beside every closed set of the others that has what it needs:
  /// where one order binds them, little else is ever left beside a missing unit.
  private func partsOfOlder(_ generator: inout PRNG, _ body: (PowerLossChoice) -> Void) {
    for subset in 0..<(1 << units.count) {
      let kept = units.indices.map { subset & (1 << $0) != 0 }
      guard isClosed(kept) else { continue }
      for index in units.indices.dropLast()
      where !kept[index] && dependencies.needed[index].allSatisfy({ kept[$0] }) {
        partial(of: index, kept, &generator, body)
      }
    }
  }

  private func stratified(
    onlyNew: Bool, _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    let count = units.count
    let none = [Bool](repeating: false, count: count)
    let all = [Bool](repeating: true, count: count)
    func subset(_ make: (Int) -> Bool) -> [Bool] { closed(units.indices.map(make)) }
    emit(all, &generator, body)
    emit(alone(count - 1), &generator, body)
    let places = spread(count, most: 12, &generator)
    if !onlyNew {
      emit(none, &generator, body)
      for place in places {
        emit(subset { $0 < place }, &generator, body)
        emit(alone(place), &generator, body)
      }
      emit(subset { units[$0].name != nil }, &generator, body)
      emit(subset { units[$0].name == nil }, &generator, body)
    }
    for place in places { emit(subset { $0 != place }, &generator, body) }
    for index in Set([count - 1, places[generator.below(places.count)]]).sorted() {
      partial(of: index, subset { $0 < index }, &generator, body)
      partial(of: index, subset { $0 != index }, &generator, body)
      partial(of: index, none, &generator, body)
    }
    for _ in 0..<limits.samplesPerPoint {
      let share = generator.number(in: 1...9)
      var kept = none
      for index in kept.indices { kept[index] = generator.chance(share, in: 10) }
      if onlyNew { kept[count - 1] = true }
      emit(closed(kept), &generator, body)
    }
  }

  /// Up to `most` places among `count`, all of them where that is enough.
  private func spread(_ count: Int, most: Int, _ generator: inout PRNG) -> [Int] {
    if count <= most { return Array(0..<count) }
    var places = Array(0..<count)
    generator.shuffle(&places)
    return places[..<most].sorted()
  }

  /// Unit `index` alone, with the entry operations it cannot do without.
  private func alone(_ index: Int) -> [Bool] {
    var kept = [Bool](repeating: false, count: units.count)
    kept[index] = true
    return dependencies.completed(kept)
  }

  /// Whether every kept unit has what it depends on.
  private func isClosed(_ kept: [Bool]) -> Bool { dependencies.isClosed(kept) }

  /// `kept` with all that its units need.
  func completed(_ kept: [Bool]) -> [Bool] { dependencies.completed(kept) }

  /// `kept` without the units that lack something they depend on.
  func closed(_ kept: [Bool]) -> [Bool] { dependencies.reduced(kept) }
}
