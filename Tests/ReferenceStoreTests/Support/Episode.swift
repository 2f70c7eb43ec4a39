import StorageInterface

@testable import ReferenceStore

/// One seeded life of a store over several crashes, judged after each: every acknowledged effect is
/// there, every failed or unanswered one is there as a whole or not at all, nothing else is.
struct Episode {
  var random: TestRandom
  var disk = TestDisk()
  /// Every state the store may show at its next open.
  var permitted: [State] = [[:]]
  /// What the open store must show.
  var live: State = [:]
  var highestLSN: UInt64 = 0
  var store: Store?
  var number = 0
  let segmentBytes: Int
  /// How many pending operations power cuts met, so that a caller can tell that they happened.
  var droppedOperations = 0

  struct Violation: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
  }

  init(seed: UInt64) {
    random = TestRandom(seed: seed)
    segmentBytes = [128, 330, 560, 760, 4096][random.below(5)]
  }

  /// Runs `epochs` lives and throws at the first broken promise.
  mutating func run(epochs: Int) throws {
    for _ in 0..<epochs {
      disk.longestWrite = random.chance(1, in: 4) ? random.number(in: 1...200) : .max
      disk.longestRead = random.chance(1, in: 4) ? random.number(in: 1...200) : .max
      disk.failedRenameHappens = random.chance(1, in: 2)
      disk.failedDirectoryBarrierLoses = random.chance(2, in: 3)
      if random.chance(1, in: 2) { disk.crashAt = random.below(60) }
      while random.chance(1, in: 3) {
        disk.failures[random.below(60)] = [.ioError, .noSpace][random.below(2)]
      }
      try open()
      if let store { try work(store, random.below(14)) }
      store = nil
      if random.chance(1, in: 2) {
        disk = disk.afterProcessCrash()
      } else {
        droppedOperations += disk.pendingNames.count
        droppedOperations += disk.inodes.reduce(0) { $0 + $1.pending.count }
        disk = disk.afterPowerLoss(.random(TestRandom(seed: random.next())))
      }
    }
    disk.longestRead = .max
    try open()
  }

  private mutating func open() throws {
    let opened: Store
    do throws(StoreError) {
      opened = try openStore(disk, segmentBytes: segmentBytes)
    } catch {
      // A fault or the crash may have met the open; damage was never done.
      if case .corrupt = error { throw Violation("refused: \(error)") }
      guard disk.isStopped || !disk.failures.isEmpty else { throw Violation("refused: \(error)") }
      return
    }
    let shown = try state(of: opened)
    guard permitted.contains(shown) else {
      throw Violation("opened with \(shown), permitted were \(permitted); \(opened.recovery)")
    }
    let lsn = try opened.figures().lastLSN.rawValue
    guard lsn >= highestLSN else { throw Violation("LSN \(lsn) after \(highestLSN)") }
    live = shown
    permitted = [shown]
    store = opened
  }

  private mutating func work(_ store: Store, _ operations: Int) throws {
    for _ in 0..<operations {
      number += 1
      switch random.below(12) {
      case 0: try attempt([]) { () throws(StoreError) in try store.checkpoint() }
      case 1:
        let batch = (0..<random.below(4)).map { _ in mutation() }
        try attempt(batch) { () throws(StoreError) in try store.batch(batch) }
      case 2, 3: try transactions(store)
      case 4: disk.writeBack(&random)
      case 5:
        try attempt([]) { () throws(StoreError) in try store.flush() }
      case 6 where random.chance(1, in: 3):
        do throws(StoreError) {
          try store.close()
        } catch {
          guard disk.isStopped || !disk.calls.isEmpty else { throw Violation("close: no fault") }
        }
        return
      default:
        let one = mutation()
        try attempt([one]) { () throws(StoreError) in try store.apply(one) }
      }
    }
  }

  private mutating func transactions(_ store: Store) throws {
    let first = [mutation(), mutation()]
    let second = [mutation()]
    do throws(StoreError) {
      try store.begin(1)
      try store.begin(2)
      try store.apply(first[0], transaction: 1)
      try store.apply(second[0], transaction: 2)
      try store.apply(first[1], transaction: 1)
    } catch {
      try? store.abort(1)
      try? store.abort(2)
      return
    }
    try attempt(second) { () throws(StoreError) in try store.commit(2) }
    if random.chance(1, in: 3) {
      try store.abort(1)
    } else {
      try attempt(first) { () throws(StoreError) in try store.commit(1) }
    }
  }

  private mutating func mutation() -> Store.Mutation {
    number += 1
    let id = ["a", "b", "c", "dd", "eeeeeeeeeeeeeeee"][random.below(5)]
    let namespace = random.chance(1, in: 4) ? "ns" : ""
    if random.chance(1, in: 4) {
      return .delete(Store.Key(namespace: Array(namespace.utf8), id: Array(id.utf8)))
    }
    guard random.chance(1, in: 8) else { return samplePut(id, number, namespace: namespace) }
    // Longer than a segment, over several sectors.
    return .put(
      Store.Key(namespace: Array(namespace.utf8), id: Array(id.utf8)),
      vector: [Float(number), 0], metadata: [UInt8](repeating: 0x61, count: 1500))
  }

  /// Makes one effect and keeps the set of what may be seen from now on.
  private mutating func attempt(
    _ effect: [Store.Mutation], _ body: () throws(StoreError) -> Void
  ) throws {
    guard let store else { return }
    let before = try store.figures().lastLSN
    let error = storeError(body)
    func after(_ state: State) -> State {
      effect.reduce(state) { applying($1, to: $0) }
    }
    switch error {
    case nil:
      permitted = permitted.map(after)
      live = after(live)
      let lsn = try store.figures().lastLSN
      guard effect.isEmpty || lsn > before else { throw Violation("an LSN was given twice") }
      highestLSN = max(highestLSN, lsn.rawValue)
    case .io, .full:
      guard disk.isStopped || !disk.calls.isEmpty else { throw Violation("failed: no fault") }
      if permitted.count > 32 { disk.crashAt = disk.calls.count }
      for state in permitted where !permitted.contains(after(state)) {
        permitted.append(after(state))
      }
    case .readOnly: break
    case .corrupt, .invalid, .notFound, .conflict, .unsupported, .locked:
      throw Violation("unexpected: \(String(describing: error))")
    }
    let shown = try state(of: store)
    guard shown == live else { throw Violation("shows \(shown), not \(live)") }
  }
}
