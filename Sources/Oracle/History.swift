import Determinism
import SubjectProtocol

/// A value, or a removal, that somebody once submitted for a key.
final class Version: Sendable {
  let key: Int
  /// What was put; nil for a removal.
  let value: RecordValue?
  /// The record's digest; zero for a removal.
  let digest: Digest
  let request: UInt64
  let transaction: UInt64?

  init(key: Int, value: RecordValue?, digest: Digest, request: UInt64, transaction: UInt64?) {
    self.key = key
    self.value = value
    self.digest = digest
    self.request = request
    self.transaction = transaction
  }

  /// The digest that stands for "this namespace exists".
  static let namespaceDigest = Digest(high: 1, low: 1)
}

/// What became of a submitted version.
struct Fate: Sendable {
  enum Origin: UInt8, Sendable {
    /// Its effect happened, or may have happened.
    case possible
    /// Its transaction was aborted or never finished.
    case uncommitted
    /// It was refused: it certainly did not happen.
    case refused
    /// It failed under a contract that says failed operations are absent.
    case failed
    /// A crash took it, and an answer has shown that.
    case lost
  }

  var origin: Origin
  var followsFailedBarrier = false
}

/// What one effect does to one key; a removal has the digest zero.
struct Op: Sendable {
  var key: Int
  var version: Int
  var digest: Digest
}

enum EffectKind: Sendable, CaseIterable { case single, batch, transaction, clear }

/// A set of crash kinds.
struct CrashSet: OptionSet, Sendable {
  var rawValue: UInt8
  static let process = CrashSet(rawValue: 1)
  static let power = CrashSet(rawValue: 2)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ crash: Contract.Crash) {
    switch crash {
    case .process: self = .process
    case .power: self = .power
    }
  }

  /// The crash kinds in a fixed order, the one that may lose more first.
  var kinds: [Contract.Crash] {
    (contains(.power) ? [.power] : []) + (contains(.process) ? [.process] : [])
  }
}

/// What a `clear` or `drop-namespace` empties: one namespace, or all of them.
struct Cleared: Sendable {
  var namespace: [UInt8]?

  /// Whether it empties the namespace of `key`.
  func covers(_ key: RecordKey) -> Bool {
    !key.id.isEmpty && (namespace == nil || namespace == key.namespace)
  }
}

/// One effect of the history.
struct Entry: Sendable {
  enum Status: Sendable {
    case unanswered, acknowledged
    /// Answered `io`, `full` or `corrupt`.
    case failed
    /// Shown present after a process crash, never acknowledged.
    case recovered
    /// It may or may not have survived a crash, and no answer has told.
    case unknown
  }

  let request: UInt64
  let kind: EffectKind
  var ops: [Op]
  /// False: the ops may happen one by one.
  var isAtomic: Bool
  let issuedAt: Int
  let epoch: Int
  /// Whether it takes a place in the count of `syncEvery`.
  let isCounted: Bool
  var status = Status.unanswered
  /// When it was acknowledged.
  var answeredAt = Int.max
  /// When it was answered in any way.
  var endedAt = Int.max
  /// When a read was answered that can only have shown this effect: it had happened by then.
  var seenAt = Int.max
  /// Another mutation was outstanding at the same time: only time that lies between an answer and a
  /// request orders effects.
  var isOverlapped = false
  /// The requests of acknowledged effects that overlapped it and came before it: a read has shown
  /// that.
  var follows: [UInt64] = []
  /// What it removes beside what was known when it was issued; nil for what is no `clear`.
  var clears: Cleared?
  /// Whether a store cannot have skipped it as changing nothing.
  var changes = true
  /// The crashes it survives because the contract said so when it was answered.
  var durableAtAnswer: CrashSet = []
  /// How many acknowledged effects its epoch had, this one included.
  var ordinal = 0
  var followsFailedBarrier = false
}
