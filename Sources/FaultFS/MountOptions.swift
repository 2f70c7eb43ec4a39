/// How a mount presents its worlds to the kernel.
public struct MountOptions: Equatable, Sendable {
  /// Who answers reads and collects writes.
  public enum CacheMode: Equatable, Sendable {
    /// Every read and write reaches the server as the program made it (`FOPEN_DIRECT_IO`). A shared
    /// mapping fails with `ENODEV`.
    case direct
    /// The kernel's page cache stands between; whole pages may be read and mapped. Writes still
    /// pass through at once.
    case cached
  }

  /// The mode of every file opened on the mount.
  public var mode: CacheMode = .direct
  /// For how long the kernel may answer lookups from memory, in seconds. Zero wherever a world
  /// changes from outside, or where a lookup may be made to fail.
  public var entryTimeout: Double = 3_600
  /// For how long the kernel may answer stat from memory, in seconds; zero as for `entryTimeout`.
  public var attributeTimeout: Double = 3_600
  /// Whether programs of other users may use the mount. An ordinary user needs `user_allow_other`
  /// in `/etc/fuse.conf` for it.
  public var allowsOtherUsers = false

  /// The defaults: direct, everything remembered: right for worlds that are used once.
  public init() {}
}
