/// A store under test inside this process: it answers one request at a time.
///
/// The same conforming type is driven in process (target `sim`) and by the protocol's lines on
/// standard input (target `fuse`).
public protocol Subject: AnyObject {
  /// Answers `request`; does not return before the promise made about it holds.
  func answer(_ request: Request) -> Answer
}
