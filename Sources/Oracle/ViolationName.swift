/// The broken promises, by the names of design.md section 5, in the order in which they are given.
///
/// The first that applies names a violation; all that apply are listed. The order of the cases is
/// that order, so a new name goes where its precedence is.
public enum ViolationName: String, Sendable, CaseIterable, Hashable {
  case recoveryCrashed = "recovery-crashed"
  case recoveryHung = "recovery-hung"
  case recoveryExhaustedMemory = "recovery-exhausted-memory"
  /// `open` failed after a crash, or `dump` failed after that `open` succeeded.
  case recoveryRefused = "recovery-refused"
  /// A vector nobody ever submitted under this id.
  case wrongVector = "wrong-vector"
  /// A submitted vector with metadata nobody ever submitted with it.
  case wrongMetadata = "wrong-metadata"
  /// A record nobody put, or whose put certainly did not happen.
  case phantomRecord = "phantom-record"
  case uncommittedTransactionVisible = "uncommitted-transaction-visible"
  case transactionNotAtomic = "transaction-not-atomic"
  case batchNotAtomic = "batch-not-atomic"
  /// An acknowledged delete whose record is back.
  case deletedRecordResurrected = "deleted-record-resurrected"
  /// A required effect, answered ok after a barrier had failed, is missing.
  case acknowledgedAfterFailedBarrier = "acknowledged-after-failed-barrier"
  /// A required effect is missing; an older value back counts.
  case acknowledgedWriteLost = "acknowledged-write-lost"
  /// Only volatile effects are missing, but a later one is present.
  case holeInHistory = "hole-in-history"
  case silentCorruption = "silent-corruption"
  case logNumberReused = "log-number-reused"
  case searchDisagrees = "search-disagrees"
  /// A second `open` of the same image showed something else than the first.
  case unstableRecovery = "unstable-recovery"
  /// One process changed its mind about the outcome of a failed operation.
  case unstableRead = "unstable-read"
  case subjectCrashed = "subject-crashed"
  case subjectHung = "subject-hung"
  /// A warning, unless the contract says `failedOperations: "absent"`; last, since it says least.
  case failedOperationResurfaced = "failed-operation-resurfaced"
}

extension ViolationName: Comparable {
  /// Orders by precedence: what names a violation comes first.
  public static func < (left: ViolationName, right: ViolationName) -> Bool {
    left.rank < right.rank
  }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }
}
