/// Whether the kernel's page cache stands before a subject's mount (`--mode`).
enum MountMode: String, Sendable, CaseIterable {
  /// Never: every read and write is seen as the program made it; nothing can be mapped shared.
  case direct
  /// Always.
  case cached
  /// For subjects that say they map files shared.
  case auto
}
