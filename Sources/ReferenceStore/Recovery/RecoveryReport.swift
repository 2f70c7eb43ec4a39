/// What recovery met, by the letters of its table (`log-format.md`, "Recovery").
public struct RecoveryReport: Equatable, Sendable {
  /// The rows of the table that applied. Rows that refuse to open are not here: they are errors.
  public struct Rows: OptionSet, Sendable {
    /// One bit a row.
    public let rawValue: UInt16

    /// Makes a set of rows.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A: no file of the store is there.
    public static let empty = Rows(rawValue: 1 << 0)
    /// B: an unfinished snapshot was removed.
    public static let temporaryRemoved = Rows(rawValue: 1 << 1)
    /// C: a snapshot was loaded.
    public static let snapshotLoaded = Rows(rawValue: 1 << 2)
    /// E: an older snapshot or a segment that the snapshot replaces was ignored.
    public static let replacedIgnored = Rows(rawValue: 1 << 3)
    /// F: a segment that holds no proof of having been finished was ignored.
    public static let unfinishedIgnored = Rows(rawValue: 1 << 4)
    /// H: a whole linked segment was applied.
    public static let linkApplied = Rows(rawValue: 1 << 5)
    /// J: the last segment is proven durable to its last record.
    public static let tailProven = Rows(rawValue: 1 << 6)
    /// K: records that are not proven durable were copied to a new segment.
    public static let tailCarried = Rows(rawValue: 1 << 7)
    /// L: bytes behind the last good record were cut.
    public static let tailCut = Rows(rawValue: 1 << 8)
    /// P: nothing but zeros stands behind the last good record.
    public static let zerosAfterEnd = Rows(rawValue: 1 << 9)

    /// The letters of the rows, in the table's order.
    public var letters: String {
      String(
        Array("ABCEFHJKLP").enumerated().filter { rawValue >> $0.offset & 1 == 1 }
          .map(\.element))
    }
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
