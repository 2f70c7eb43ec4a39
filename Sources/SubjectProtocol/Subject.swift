/// A store under test inside this process: it answers one request at a time, unless its answer to
/// `hello` says a `concurrency` above 1. Then `answer` is called from so many threads at once on
/// `fuse`; on `sim` one request is answered after the other even where they overlap.
///
/// The same conforming type is driven in process (target `sim`) and by the protocol's lines on
/// standard input (target `fuse`).
public protocol Subject: AnyObject {
  /// Answers `request`; does not return before the promise made about it holds.
  func answer(_ request: Request) -> Answer

  /// The rows of its recovery table that its opens have met so far, a bit each, row A the lowest;
  /// 0 for a subject without such a table.
  var recoveryRows: UInt32 { get }
}

extension Subject {
  /// No table.
  public var recoveryRows: UInt32 { 0 }
}
