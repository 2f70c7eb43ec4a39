/// The number of an inode within one world; the world's root is 1. Never reused within a world.
public struct InodeNumber: Hashable, Sendable, Comparable {
  /// The number.
  public let rawValue: UInt32

  /// Makes an inode number.
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// The root directory of a world; always durable.
  public static let root = InodeNumber(1)

  /// Orders by creation.
  public static func < (left: InodeNumber, right: InodeNumber) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// An open file description of a world.
public struct HandleID: Hashable, Sendable {
  /// The number.
  public let rawValue: UInt32

  /// Makes a handle of its number.
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
}

/// What an inode is.
public enum FileKind: UInt8, Sendable, Hashable {
  /// A regular file.
  case regular
  /// A directory.
  case directory
  /// A symbolic link.
  case symbolicLink
}

/// The attributes of an inode, as stat shows them.
public struct Attributes: Sendable, Equatable {
  /// The inode.
  public var inode: InodeNumber
  /// What it is.
  public var kind: FileKind
  /// Permission bits (07777).
  public var mode: UInt16
  /// How many names it has (directories: 2 plus their subdirectories).
  public var linkCount: UInt32
  /// The owning user.
  public var user: UInt32
  /// The owning group.
  public var group: UInt32
  /// The size in bytes.
  public var size: UInt64
  /// Allocated space in units of 512 bytes.
  public var blocks: UInt64
  /// The model's mtime: how many mutating operations the world had seen at the last change.
  public var modified: UInt64

  /// Makes attributes.
  public init(
    inode: InodeNumber, kind: FileKind, mode: UInt16, linkCount: UInt32, user: UInt32,
    group: UInt32, size: UInt64, blocks: UInt64, modified: UInt64
  ) {
    self.inode = inode
    self.kind = kind
    self.mode = mode
    self.linkCount = linkCount
    self.user = user
    self.group = group
    self.size = size
    self.blocks = blocks
    self.modified = modified
  }
}

/// One entry of a directory listing.
public struct DirectoryEntry: Sendable, Equatable {
  /// The name, as bytes.
  public var name: [UInt8]
  /// The inode it names.
  public var inode: InodeNumber
  /// What it is.
  public var kind: FileKind

  /// Makes an entry.
  public init(name: [UInt8], inode: InodeNumber, kind: FileKind) {
    self.name = name
    self.inode = inode
    self.kind = kind
  }
}

/// What a rename does about an existing target.
public enum RenameMode: Sendable, Hashable {
  /// Replaces it.
  case replace
  /// Fails with `EEXIST` (`RENAME_NOREPLACE`).
  case noReplace
  /// Exchanges the two names (`RENAME_EXCHANGE`).
  case exchange
}

/// Whether a write is itself a barrier for its own range.
public enum WriteDurability: Sendable, Hashable {
  /// An ordinary write.
  case volatile
  /// A write through `O_DSYNC`, `O_SYNC` or `RWF_DSYNC`.
  case synchronous
}
