/// The kinds of operation that a fault can be keyed to: what a program asks of a file system, by
/// the name of the call.
public enum FaultableOperation: String, Sendable, CaseIterable, Hashable {
  case lookup, getattr, setattr, readlink
  case create, open, read, write, truncate, fallocate, seek
  case copyRange = "copy-range"
  case fsync, fdatasync, fsyncdir, syncfs
  case syncRange = "sync-range"
  case rename, unlink, link, symlink, mkdir, rmdir, opendir, readdir
  case getxattr, setxattr, listxattr, removexattr
  case statfs

  /// Whether it is a barrier, so that a failing one leaves an after-state.
  public var isBarrier: Bool {
    switch self {
    case .fsync, .fdatasync, .fsyncdir, .syncfs: true
    case .lookup, .getattr, .setattr, .readlink, .create, .open, .read, .write,
      .truncate, .fallocate, .seek, .copyRange, .syncRange, .rename, .unlink, .link, .symlink,
      .mkdir, .rmdir, .opendir, .readdir, .getxattr, .setxattr, .listxattr, .removexattr, .statfs:
      false
    }
  }

  /// Whether it would change the file system: what a read-only one refuses.
  public var changesFileSystem: Bool {
    switch self {
    case .setattr, .create, .write, .truncate, .fallocate, .copyRange, .rename, .unlink, .link,
      .symlink, .mkdir, .rmdir, .setxattr, .removexattr:
      true
    case .lookup, .getattr, .readlink, .open, .read, .seek, .fsync, .fdatasync,
      .fsyncdir, .syncfs, .syncRange, .opendir, .readdir, .getxattr, .listxattr, .statfs:
      false
    }
  }
}
