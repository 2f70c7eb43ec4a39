/// Why a mount could not be made, or is gone; its description is one line: what, where, what to do.
public struct MountFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of failure that a caller may tell apart.
  public enum Kind: Equatable, Sendable {
    /// There is no `/dev/fuse`.
    case deviceMissing
    /// `/dev/fuse` is there and this user may not open it.
    case deviceClosed
    /// An ordinary user needs `fusermount3`, which is not installed.
    case helperMissing
    /// The mount point is missing, or not a directory.
    case directoryUnusable
    /// The kernel, or `fusermount3`, refused the mount.
    case refused
    /// The kernel never started the conversation.
    case silent
    /// Something else unmounted it, or aborted its connection, while it was in use.
    case unmountedFromOutside
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// One line for a person: what failed, where, and what to do about it.
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
