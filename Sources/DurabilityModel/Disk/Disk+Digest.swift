public import Determinism

extension Disk {
  /// The key of a crash state: equal states have equal digests.
  ///
  /// It covers names, links, kinds, modes, sizes, content, holes and times; and where the cache
  /// survives also what is pending, what failed barriers left and unreported errors.
  public func stateDigest() -> Digest {
    var hasher = DigestHasher()
    var queue = [InodeNumber.root]
    var next = 0
    while next < queue.count {
      let directory = inodes[Int(queue[next].rawValue)]
      next += 1
      hasher.combine(UInt64(directory.cachedEntries.entries.count))
      for entry in directory.cachedEntries.entries {
        hasher.combine(entry.name)
        let inode = inodes[Int(entry.inode.rawValue)]
        if inode.kind == .directory { queue.append(entry.inode) }
        inode.combine(into: &hasher)
        // Hard links: the inode's own number tells which names share it.
        if inode.names > 1 && inode.kind != .directory {
          hasher.combine(UInt64(entry.inode.rawValue))
        }
      }
    }
    combinePending(into: &hasher)
    return hasher.finish()
  }

  private func combinePending(into hasher: inout DigestHasher) {
    for index in inodes.indices where inodes[index].isAlive {
      let inode = inodes[index]
      guard !inode.isClean || !inode.errorSeen else { continue }
      hasher.combine(UInt64(index))
      hasher.combine(inode.durableSize)
      inode.durable.combine(size: inode.durableSize, into: &hasher)
      hasher.combine(UInt64(inode.pendingData.count))
      for item in inode.pendingData + inode.lost {
        hasher.combine(item.operation)
        hasher.combine(item.offset)
        hasher.combine(UInt64(item.length) << 1 | (item.isInDevice ? 1 : 0))
      }
      hasher.combine(UInt64(inode.lost.count))
      hasher.combine(UInt64(inode.pendingSizes.count))
      for size in inode.pendingSizes { hasher.combine(size.after) }
      for range in inode.neverSynced.ranges {
        hasher.combine(UInt64(range.lowerBound) << 32 | UInt64(range.upperBound))
      }
      for range in inode.writtenAhead.ranges {
        hasher.combine(UInt64(range.lowerBound) << 32 | UInt64(range.upperBound))
      }
      hasher.combine(UInt64(inode.unwritten.ranges.count))
      for range in inode.unwritten.ranges {
        hasher.combine(UInt64(range.lowerBound) << 32 | UInt64(range.upperBound))
      }
      hasher.combine(inode.errorSeen ? 1 : 0)
    }
    for pending in pendingNames { hasher.combine(pending.operation) }
  }
}

extension Inode {
  fileprivate func combine(into hasher: inout DigestHasher) {
    hasher.combine(UInt64(kind.rawValue) << 32 | UInt64(mode) << 8)
    hasher.combine(modified)
    switch kind {
    case .regular: cached.combine(size: cachedSize, into: &hasher)
    case .symbolicLink: hasher.combine(target)
    case .directory: break
    }
  }
}
