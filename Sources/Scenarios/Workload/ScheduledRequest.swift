public import SubjectProtocol

/// A request of a schedule, with the number that it keeps when others are removed.
public struct ScheduledRequest: Sendable, Equatable {
  /// The stable number: the epoch times 1,000,000, plus the place in it from 1.
  ///
  /// Faults are keyed to it (disk.md), so that shrinking does not move them.
  public var number: UInt64
  /// The request.
  public var request: Request
  /// Where it may be sent while others are outstanding: once every request numbered up to this one
  /// is answered. Nil: once all before it are.
  ///
  /// A number and not a count, so that it means the same when requests are removed.
  public var after: UInt64?

  /// Makes a scheduled request.
  public init(number: UInt64, request: Request, after: UInt64? = nil) {
    self.number = number
    self.request = request
    self.after = after
  }

  /// The distance between the numbers of two epochs.
  public static let epochStride: UInt64 = 1_000_000

  /// Within the numbers of an epoch, those of the recoveries after it that are lives of their own:
  /// a crash ends each, and the next has numbers `recoveryStride` higher.
  public static let recoveryNumbers: Range<UInt64> = 700_000..<800_000

  /// The distance between the numbers of two such recoveries.
  public static let recoveryStride: UInt64 = 1_000

  /// What an `open` of a schedule has for a directory: the runner puts the world's in its place.
  public static let directoryPlaceholder = "WORLD"

  /// The epoch that the request belongs to, from 0.
  public var epoch: Int { Int(number / Self.epochStride) }
}
