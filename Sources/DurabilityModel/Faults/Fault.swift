public import StorageInterface

/// One injected deviation: a place that shrinking does not move (disk.md, "A fault is keyed to…"),
/// and what happens there.
///
/// Its text form is one line (`Fault+Text.swift`):
/// `request=1000003 fdatasync wal-#.log nth=1 EIO state=xfs`.
public struct Fault: Sendable, Equatable {
  /// Where it strikes.
  public var place: Place
  /// What it does.
  public var effect: FaultEffect

  /// Where a fault strikes.
  public enum Place: Sendable, Equatable {
    /// A call: the request that was outstanding, the kind of operation, the role of its file, and
    /// which of the matching operations within the request, from 1.
    case call(request: UInt64, operation: FaultableOperation, role: FileRole, nth: Int)
    /// Background work on a file: the role, which file that had the role (from 1, in the order in
    /// which they got it), and after which change of its content, from 1.
    case background(BackgroundWork, role: FileRole, file: Int, nth: Int)
  }

  /// What the kernel does to a file without any call of the subject.
  public enum BackgroundWork: String, Sendable, CaseIterable {
    /// Its dirty pages are written back.
    case writeBack = "write-back"
    /// Its clean pages are dropped from the cache, and with the inode, where nobody holds it open,
    /// an error that nobody has seen.
    case evict
  }

  /// Makes a fault.
  public init(_ place: Place, _ effect: FaultEffect) {
    self.place = place
    self.effect = effect
  }

  /// Makes a fault of a call that fails.
  public init(
    request: UInt64, operation: FaultableOperation, role: FileRole, nth: Int, error: Errno,
    leaving: Int? = nil, after: AfterFailedBarrier? = nil, lost: LostPages = .all
  ) {
    self.init(
      .call(request: request, operation: operation, role: role, nth: nth),
      .fails(FaultEffect.Failure(error, leaving: leaving, after: after, lost: lost)))
  }

  /// Makes a fault of a call with any effect.
  public init(
    request: UInt64, operation: FaultableOperation, role: FileRole, nth: Int, _ effect: FaultEffect
  ) {
    self.init(.call(request: request, operation: operation, role: role, nth: nth), effect)
  }

  /// The request whose call it strikes; nil for background work.
  public var request: UInt64? {
    if case .call(let request, _, _, _) = place { return request }
    return nil
  }

  /// The C names of the errors that a fault can have.
  public static var errorNames: [String] { Errno.names.map(\.name) }
}
