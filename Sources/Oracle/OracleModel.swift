import Determinism
public import SubjectProtocol

/// What a store under test may show, given what was asked of it and what it answered.
///
/// A value: a copy is a snapshot, and costs little until one of the two changes. It keeps the
/// history of effects, never a single expected state (design.md, section 5).
///
/// Method: two tracks through one history. The *near* track starts at what recovery last showed
/// and holds what happened since; it tells what a process crash, and a living process, may show.
/// The *far* track starts at what is durable for good and also holds the older effects that a
/// power loss may still take back, because only process crashes lie between. After a power loss
/// and an answer that shows its outcome the two are one.
///
/// Where requests overlap, the order of their effects is not known: every order that time leaves is
/// searched (`StateSearch`), until a read shows which one it was (`OracleModel+Order`).
public struct OracleModel: Sendable {
  /// The promise in force; an answer to `open` may replace it for what follows.
  public internal(set) var contract: Contract
  /// The number of components of every vector.
  public let dimension: Int
  /// What the subject says it can do.
  public let features: Set<Feature>

  var clock = 0
  var table = KeyTable()
  var versions: [Version] = []
  var fates: [Fate] = []
  var entries: [Entry] = []
  /// The near track holds the entries from here on.
  var nearStart = 0
  /// By key: the version at the start of each track, −1 for none; shorter than the table where
  /// keys came later.
  var nearBase: [Int] = []
  var farBase: [Int] = []
  /// When recovery showed the near base.
  var shownAt = -1

  /// The crashes since the last answer that showed an outcome.
  var openCrashes: CrashSet = []
  /// Whether nothing is promised any more: a crash after which the contract promises nothing.
  var isUnmeasured = false
  /// Whether a crash came before the first `open` was answered, under a contract that leaves that
  /// unspecified, and nothing has shown its outcome.
  var isCreationUnseen = false
  /// Whether an `open` was ever answered ok, and whether one was since the last crash.
  var wasEverOpened = false
  var isOpen = false
  /// The number of a `close` that was not answered yet, and whether the last one was answered ok.
  var closing: UInt64?
  var isClosed = false
  var openOrdinal = 0

  var epoch = 0
  /// By epoch that a crash has ended: when.
  var epochEnds: [Int] = []
  /// The epoch in which the contract in force was given.
  var contractEpoch = 0
  /// By epoch: how many effects that count were acknowledged.
  var acknowledged = [0]
  /// When the last barrier that was answered ok had been issued.
  var barrierIssuedAt = -1
  var hasFailedBarrier = false
  var hasFaultSinceOpen = false
  /// Whether anything was asked since `open` that a store may refuse reads over.
  var isUntouchedSinceOpen = true

  /// Whether requests ever overlapped.
  var hasOverlap = false
  var transactions: [Transaction] = []
  var inFlight: [InFlight] = []
  /// What this process has shown for keys whose value was open, by key, ascending.
  var pins: [Pin] = []
  var logFloors = LogFloors()
  /// How effects that crashes had left open came out so far.
  public internal(set) var outcomesSeen: OutcomeSet = []

  struct Pin: Sendable {
    var key: Int
    var digest: Digest
  }

  /// A model of a store that was never opened, in an empty directory.
  public init(contract: Contract, dimension: Int, features: Set<Feature>) {
    self.contract = contract
    self.dimension = dimension
    self.features = features
  }

  /// Whether a mutation has failed without being refused: only then can a permitted state be
  /// worth a warning, which the digests of `permittedDigests(after:)` do not tell.
  public var hasFailedOperations: Bool { entries.contains { $0.status == .failed } }

  /// A barrier failed on the disk because of an injected fault.
  public mutating func barrierFailed() {
    clock += 1
    hasFailedBarrier = true
  }

  /// An injected fault of any kind fired, or an injected limit was met.
  ///
  /// An `open` that is running, or a `dump` after it, may then fail.
  public mutating func faultFired() { hasFaultSinceOpen = true }
}

extension OracleModel {
  /// The model after a crash here, before the next `open` was answered.
  ///
  /// Nothing is chosen yet: the outcome is what the next answers show. A second crash before one
  /// did leaves what either crash permits.
  public func crashed(_ crash: Contract.Crash) -> OracleModel {
    var model = self
    model.clock += 1
    if contract.acknowledgement(after: crash) == .none { model.isUnmeasured = true }
    if !wasEverOpened && !contract.creationIsAtomic { model.isCreationUnseen = true }
    model.openCrashes.insert(CrashSet(crash))
    if !transactions.isEmpty || inFlight.contains(where: \.isMutation) {
      model.logFloors.isClean = false
    }
    model.logFloors.crash(crash)
    model.transactions = []
    model.inFlight = []
    model.pins = []
    model.isOpen = false
    model.hasFaultSinceOpen = false
    // What a failed barrier left lives in the cache; after a power loss the disk is what it shows.
    if crash == .power { model.hasFailedBarrier = false }
    model.epoch += 1
    model.epochEnds.append(model.clock)
    model.acknowledged.append(0)
    return model
  }

  /// Whether `entry` survives every crash of this kind.
  func isDurable(_ entry: Entry, after crash: Contract.Crash) -> Bool {
    guard entry.status == .acknowledged else { return false }
    if entry.durableAtAnswer.contains(CrashSet(crash)) { return true }
    if entry.answeredAt < barrierIssuedAt { return true }
    guard let syncEvery = contract.syncEvery else { return false }
    if entry.epoch >= contractEpoch, countedAfter(entry) >= syncEvery - 1 { return true }
    // A store that counts from each start again has synced all once a later epoch is full.
    return acknowledged[(entry.epoch + 1)...].contains { $0 >= syncEvery }
  }

  /// How many acknowledged effects that count came after `entry` in its epoch, whatever the order
  /// of those that overlapped it.
  private func countedAfter(_ entry: Entry) -> Int {
    guard entry.isOverlapped else { return acknowledged[entry.epoch] - entry.ordinal }
    return entries.count {
      $0.epoch == entry.epoch && $0.isCounted && $0.status == .acknowledged
        && $0.issuedAt > entry.answeredAt
    }
  }

  /// What a crash may do to `entry`.
  func role(of entry: Entry, after crash: Contract.Crash) -> Question.Role {
    switch entry.status {
    case .acknowledged: return isDurable(entry, after: crash) ? .required : .volatile
    case .failed: return contract.failedOperationsAreAbsent ? .absent : .free
    case .unanswered, .recovered, .unknown: return .free
    }
  }

  /// Whether what recovery last showed is also what a power loss leaves: since then a barrier, or
  /// under `prefix` a durable acknowledgement of something that no store skips, was given.
  var isNearFinal: Bool {
    if barrierIssuedAt > shownAt && shownAt >= 0 { return true }
    guard contract.order == .prefix else { return false }
    return entries[nearStart...].contains { $0.changes && isDurable($0, after: .power) }
  }

  /// The states permitted after the crashes whose outcome is not known yet: one question for each
  /// kind of crash, any of which may be the answer.
  func openQuestions() -> [Question] {
    openCrashes.kinds.map { crash in
      let isNear = crash == .process || isNearFinal
      return question(isNear: isNear) { role(of: $0, after: crash) }
    }
  }

  /// The states a living process may show to a request issued at `time`.
  ///
  /// Effects that overlap the request may show in part: a dump need not be a snapshot, so each key
  /// is on its own there. `ignoringReads` forgets what earlier reads have shown.
  func liveQuestion(at time: Int, ignoringReads: Bool = false) -> Question {
    question(
      isNear: true, isLive: true, ignoringReads: ignoringReads,
      split: { end(of: $0) > time }
    ) { liveRole(of: $0, at: time, ignoringReads: ignoringReads) }
  }

  func liveRole(of entry: Entry, at time: Int, ignoringReads: Bool = false) -> Question.Role {
    if entry.status == .acknowledged && entry.endedAt < time { return .required }
    let isSeen = entry.seenAt < time && entry.epoch == epoch && !ignoringReads
    return isSeen ? .required : .free
  }

  /// When `entry` had happened if it did at all: at its answer, or at the crash that came instead.
  func end(of entry: Entry) -> Int {
    if entry.endedAt < .max { return entry.endedAt }
    return entry.epoch < epochEnds.count ? epochEnds[entry.epoch] : .max
  }

  /// The permitted states of one track, with the role that `role` gives each effect.
  ///
  /// What reads have shown counts for a living process, and for what it is known to have kept: to
  /// have shown an effect makes nothing durable.
  func question(
    isNear: Bool, isLive: Bool = false, ignoringReads: Bool = false,
    split: (Entry) -> Bool = { _ in false }, role: (Entry) -> Question.Role
  ) -> Question {
    var base = isNear ? nearBase : farBase
    base.append(contentsOf: repeatElement(-1, count: table.count - base.count))
    var question = Question(
      base: base, baseDigests: base.map { $0 < 0 ? .zero : versions[$0].digest },
      order: contract.order)
    let start = isNear ? nearStart : 0
    question.units.reserveCapacity(entries.count - start)
    var hasEdges = false
    for index in entries.indices[start...] where !entries[index].ops.isEmpty {
      let entry = entries[index]
      var unit = Question.Unit(
        ops: entry.ops, role: role(entry), entry: index, start: entry.issuedAt,
        end: end(of: entry))
      if isLive && !ignoringReads && entry.epoch == epoch { unit.end = min(unit.end, entry.seenAt) }
      hasEdges = hasEdges || !entry.follows.isEmpty
      if entry.ops.count == 1 || (entry.isAtomic && !split(entry)) {
        question.units.append(unit)
      } else {
        for op in entry.ops {
          unit.ops = [op]
          question.units.append(unit)
        }
      }
    }
    if hasEdges && !ignoringReads { addEdges(&question) }
    return question
  }
}
