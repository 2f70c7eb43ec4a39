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
  /// A named pipe. What goes through it is the kernel's and no disk's.
  case pipe
  /// The name of a socket.
  case socket
  /// A character device.
  case characterDevice
  /// A block device.
  case blockDevice
}

/// A moment that a program set (utimensat).
public struct FileTime: Sendable, Hashable {
  /// Seconds since 1970, before it negative.
  public var seconds: Int64
  /// Nanoseconds, 0 up to 999,999,999.
  public var nanoseconds: UInt32

  /// Makes a moment.
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

/// A time of a file: the model's clock counts mutating operations, and a program may set any time.
public enum FileMoment: Sendable, Hashable {
  /// How many mutating operations the world had seen.
  case operation(UInt64)
  /// What a program set.
  case set(FileTime)
}

/// What becomes of one of the times of a file that utimensat may set.
public enum TimeChange: Sendable, Hashable {
  /// It stays (`UTIME_OMIT`).
  case keep
  /// The model's clock (`UTIME_NOW`).
  case now
  /// This moment.
  case set(FileTime)
}

/// What fallocate(2) does to a range.
public enum AllocationMode: String, Sendable, Hashable, CaseIterable {
  /// Gives it space, and the file a size that reaches its end (mode 0).
  case extend
  /// Gives it space (`FALLOC_FL_KEEP_SIZE`).
  case keepSize = "keep-size"
  /// Makes it a hole that reads as zeros (`FALLOC_FL_PUNCH_HOLE`, always with keep-size).
  case punchHole = "punch-hole"
  /// Makes it zeros with space behind them, and the file reach its end (`FALLOC_FL_ZERO_RANGE`).
  case zeroRange = "zero-range"
  /// The same, and the size stays.
  case zeroRangeKeepSize = "zero-range-keep-size"

  /// Whether the file is made to reach the end of the range.
  public var changesSize: Bool { self == .extend || self == .zeroRange }
  /// Whether what the range holds becomes zeros.
  public var zeros: Bool { self != .extend && self != .keepSize }
  /// Whether the range has space afterwards.
  public var gives: Bool { self != .punchHole }
}

/// Whether setting an extended attribute may create one or replace one.
public enum ExtendedAttributeMode: Sendable, Hashable {
  /// Either.
  case any
  /// Fails with `EEXIST` when there is one (`XATTR_CREATE`).
  case create
  /// Fails with `ENODATA` when there is none (`XATTR_REPLACE`).
  case replace
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
  /// What mtime shows: `modified`, unless a program set it since.
  public var modificationTime: FileMoment
  /// What atime shows: the creation, unless a program set it. Reading never moves it, as on a file
  /// system mounted with `noatime`.
  public var accessTime: FileMoment
  /// The model's ctime: the count at the last change of content, names or attributes.
  public var changed: UInt64
  /// The device number, of a device.
  public var device: UInt32

  /// Makes attributes.
  public init(
    inode: InodeNumber, kind: FileKind, mode: UInt16, linkCount: UInt32, user: UInt32,
    group: UInt32, size: UInt64, blocks: UInt64, modified: UInt64,
    modificationTime: FileMoment, accessTime: FileMoment, changed: UInt64, device: UInt32 = 0
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
    self.modificationTime = modificationTime
    self.accessTime = accessTime
    self.changed = changed
    self.device = device
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
