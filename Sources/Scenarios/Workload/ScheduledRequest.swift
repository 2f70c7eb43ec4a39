public import SubjectProtocol

/// A request of a schedule, with the number that it keeps when others are removed.
public struct ScheduledRequest: Sendable, Equatable {
  /// The stable number: the epoch times 1,000,000, plus the place in it from 1.
  ///
  /// Faults are keyed to it (disk.md), so that shrinking does not move them.
  public var number: UInt64
  /// The request.
  public var request: Request

  /// Makes a scheduled request.
  public init(number: UInt64, request: Request) {
    self.number = number
    self.request = request
  }

  /// The distance between the numbers of two epochs.
  public static let epochStride: UInt64 = 1_000_000

  /// What an `open` of a schedule has for a directory: the runner puts the world's in its place.
  public static let directoryPlaceholder = "WORLD"

  /// The epoch that the request belongs to, from 0.
  public var epoch: Int { Int(number / Self.epochStride) }
}
