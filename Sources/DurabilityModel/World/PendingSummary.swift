/// What no barrier has covered yet, by file: what a power cut now could take away.
public struct PendingSummary: Sendable, Equatable {
  /// One file with pending data or sizes.
  public struct File: Sendable, Equatable {
    /// Its path from the world's root, as bytes; nil where no name leads to it any more.
    public var path: [UInt8]?
    /// Its inode.
    public var inode: InodeNumber
    /// How many of its bytes differ, or may differ, between cache and disk.
    public var bytes: UInt64
    /// How many writes and truncations made them.
    public var operations: Int
    /// Its size now, and the one on the disk, in bytes.
    public var size: UInt64
    /// The size on the disk, in bytes.
    public var durableSize: UInt64
    /// How many bytes a failed barrier marked clean although the disk never got them.
    public var lostBytes: UInt64
  }

  /// The files, by inode number.
  public var files: [File] = []
  /// How many operations on names are pending.
  public var names = 0
  /// How many files, directories and links there are.
  public var inodes = 0

  /// The pending bytes of all files.
  public var bytes: UInt64 { files.reduce(0) { $0 + $1.bytes } }
}

extension Disk {
  /// What is pending now.
  public func pendingSummary() -> PendingSummary {
    var summary = PendingSummary()
    summary.names = pendingNames.count
    var paths: [[UInt8]?]?
    for index in inodes.indices where inodes[index].isAlive {
      summary.inodes += 1
      let inode = inodes[index]
      guard inode.kind == .regular, !inode.isClean else { continue }
      let known = paths ?? pathsByInode()
      paths = known
      summary.files.append(
        PendingSummary.File(
          path: known[index], inode: InodeNumber(UInt32(index)),
          bytes: Self.byteCount(inode.pendingData, below: inode.cachedSize),
          operations: max(inode.pendingData.count, inode.pendingSizes.count),
          size: inode.cachedSize, durableSize: inode.durableSize,
          lostBytes: Self.byteCount(inode.lost, below: inode.cachedSize)))
    }
    return summary
  }

  /// How many bytes below `size` the items cover, each byte once.
  private static func byteCount(_ items: [PendingData], below size: UInt64) -> UInt64 {
    var covered = RangeSet()
    for item in items {
      let range = item.range.clamped(to: 0..<size)
      covered.insert(Int(range.lowerBound)..<Int(range.upperBound))
    }
    return covered.ranges.reduce(0) { $0 + UInt64($1.count) }
  }

  /// By inode number, one path from the root; nil where none leads there.
  private func pathsByInode() -> [[UInt8]?] {
    var paths = [[UInt8]?](repeating: nil, count: inodes.count)
    paths[Int(InodeNumber.root.rawValue)] = []
    var queue = [InodeNumber.root]
    while let directory = queue.popLast() {
      let parent = paths[Int(directory.rawValue)] ?? []
      for entry in inodes[Int(directory.rawValue)].cachedEntries.entries {
        let index = Int(entry.inode.rawValue)
        guard paths[index] == nil else { continue }
        paths[index] = parent + [0x2f] + entry.name
        if inodes[index].kind == .directory { queue.append(entry.inode) }
      }
    }
    return paths
  }
}
