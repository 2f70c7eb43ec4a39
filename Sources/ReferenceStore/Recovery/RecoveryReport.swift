/// What recovery met, by the letters of its table (`log-format.md`, "Recovery").
public struct RecoveryReport: Equatable, Sendable {
  /// Rows of the table. Those that refuse to open are errors; a `RecoveryTrace` tells which it was.
  public struct Rows: OptionSet, Sendable, Hashable {
    /// One bit a row, that of A the lowest.
    public let rawValue: UInt32

    /// Makes a set of rows.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ letter: Unicode.Scalar) { rawValue = 1 << (letter.value - 0x41) }

    /// A: no file of the store is there.
    public static let empty = Rows("A")
    /// B: an unfinished snapshot was removed.
    public static let temporaryRemoved = Rows("B")
    /// C: a snapshot was loaded.
    public static let snapshotLoaded = Rows("C")
    /// D: the newest snapshot is bad.
    public static let snapshotBad = Rows("D")
    /// E: an older snapshot or a segment that the snapshot replaces was ignored.
    public static let replacedIgnored = Rows("E")
    /// F: a segment that holds no proof of having been finished was ignored.
    public static let unfinishedIgnored = Rows("F")
    /// G: a bad header, and a good record behind it.
    public static let headerBad = Rows("G")
    /// H: a whole linked segment was applied.
    public static let linkApplied = Rows("H")
    /// I: a linked segment is bad, missing, or another one.
    public static let linkBad = Rows("I")
    /// J: the last segment is proven durable to its last record.
    public static let tailProven = Rows("J")
    /// K: records that are not proven durable were copied to a new segment.
    public static let tailCarried = Rows("K")
    /// L: bytes behind the last good record were cut.
    public static let tailCut = Rows("L")
    /// M: a later segment's header proves bad bytes durable.
    public static let tailProvenBySegment = Rows("M")
    /// N: a record behind bad bytes proves them durable.
    public static let tailProvenByRecord = Rows("N")
    /// O: a later segment's header names a predecessor that does not count.
    public static let predecessorMissing = Rows("O")
    /// P: nothing but zeros stands behind the last good record.
    public static let zerosAfterEnd = Rows("P")
    /// Q: a version or a required feature is not known.
    public static let unknownVersion = Rows("Q")
    /// R: files of two stores.
    public static let otherStore = Rows("R")
    /// S: a file or directory cannot be read.
    public static let unreadable = Rows("S")
    /// T: another store has the directory open.
    public static let locked = Rows("T")

    /// The letters of the rows, in the table's order.
    public var letters: String {
      String(
        String.UnicodeScalarView(
          Self.table.indices.filter { rawValue >> UInt32($0) & 1 == 1 }
            .compactMap { Unicode.Scalar(UInt32(0x41 + $0)) }))
    }

    /// What each row meets, from A on, in a few words (`log-format.md` has the table itself).
    public static let table = [
      "no file of the store", "an unfinished snapshot", "a good snapshot",
      "the newest snapshot is bad", "a snapshot or segment that is replaced",
      "a segment that was never finished", "a bad header before a good record",
      "a good segment on the way back", "a bad segment on the way back",
      "the head is proven durable", "the head's end is good and unproven: carried",
      "the head ends at bad bytes: cut", "bad bytes that a later segment proves",
      "bad bytes that a later record proves", "a predecessor that does not count",
      "zeros behind the head", "an unknown version", "files of two stores",
      "a file that cannot be read", "the directory is in use",
    ]
  }

  /// The rows that applied.
  public var rows: Rows = []
  /// How many records the snapshot gave.
  public var snapshotRecords = 0
  /// How many records of the log were applied.
  public var replayedRecords = 0
  /// How many of them were copied to a new segment.
  public var carriedRecords = 0
  /// How many bytes behind the last good record were cut.
  public var cutBytes = 0
  /// Why no record follows where the log was cut; empty where nothing was.
  public var cutReason = ""
  /// How many files in the directory are none of the store's; they are left alone.
  public var foreignFiles = 0

  /// Nothing met.
  public init() {}
}

/// Where an `open` notes the rows of the table that it met, also where it fails.
public final class RecoveryTrace {
  /// The rows met so far, of every `open` that was given this trace.
  public private(set) var rows: RecoveryReport.Rows = []

  /// Nothing met.
  public init() {}

  func note(_ met: RecoveryReport.Rows) { rows.formUnion(met) }

  /// Notes the row that refuses with `error`, and returns it to be thrown.
  func refusal(_ row: RecoveryReport.Rows, _ error: StoreError) -> StoreError {
    rows.formUnion(row)
    return error
  }

  /// Notes the row of an error whose kind alone tells it.
  func note(_ error: StoreError) {
    switch error {
    case .io, .full: rows.formUnion(.unreadable)
    case .locked: rows.formUnion(.locked)
    case .unsupported: rows.formUnion(.unknownVersion)
    case .corrupt, .readOnly, .invalid, .notFound, .conflict: break
    }
  }
}
