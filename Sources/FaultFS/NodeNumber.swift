import DurabilityModel

/// The number by which the kernel knows an inode of the mount: which world, and which inode there.
///
/// The mount's own root is 1, as FUSE fixes it; inode `i` of the world in slot `s` is
/// `(s + 1) << 32 | i`. Slots and inodes are never reused, so a number never comes to mean
/// something else while the kernel still remembers it.
struct NodeNumber: Equatable {
  /// The number, as requests carry it and as `st_ino` shows it.
  let rawValue: UInt64

  /// A number that a request carried.
  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number of `inode` in the world at `slot`.
  init(slot: Int, _ inode: InodeNumber) {
    rawValue = UInt64(slot + 1) << 32 | UInt64(inode.rawValue)
  }

  /// The mount's own root directory, in which the worlds stand (`FUSE_ROOT_ID`).
  static let mountRoot = NodeNumber(1)

  /// The slot of the world, or −1 for the mount's root.
  var slot: Int { Int(rawValue >> 32) - 1 }

  /// The inode within its world.
  var inode: InodeNumber { InodeNumber(UInt32(truncatingIfNeeded: rawValue)) }
}

/// The number by which the kernel knows an open file: which world, and which description there.
struct OpenNumber {
  /// The number, as `fuse_file_info.fh` carries it.
  let rawValue: UInt64

  /// A number that a request carried.
  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number of `handle` in the world at `slot`.
  init(slot: Int, _ handle: HandleID) {
    rawValue = UInt64(slot) << 32 | UInt64(handle.rawValue)
  }

  /// The slot of the world.
  var slot: Int { Int(rawValue >> 32) }

  /// The open file description within its world.
  var handle: HandleID { HandleID(UInt32(truncatingIfNeeded: rawValue)) }
}
