public import Determinism
import StorageInterface

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
      let entries = inodes[Int(queue[next].rawValue)].cachedEntries
      next += 1
      hasher.combine(UInt64(entries.count))
      entries.forEach { entry in
        hasher.combine(entry.name)
        let index = Int(entry.inode.rawValue)
        let isDirectory = inodes[index].kind == .directory
        if isDirectory { queue.append(entry.inode) }
        inodes[index].combine(into: &hasher)
        // Hard links: the inode's own number tells which names share it.
        if inodes[index].names > 1 && !isDirectory {
          hasher.combine(UInt64(entry.inode.rawValue))
        }
      }
    }
    combinePending(into: &hasher)
    return hasher.finish()
  }

  private func combinePending(into hasher: inout DigestHasher) {
    for index in inodes.indices where inodes[index].isAlive {
      guard !inodes[index].isClean || inodes[index].errors.isUnseen else { continue }
      let inode = inodes[index]
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
      hasher.combine(inode.errors.isUnseen ? UInt64(inode.errors.newest.rawValue) : 0)
      for item in inode.pendingData where item.isDoubtful { hasher.combine(item.offset) }
    }
    for pending in pendingNames { hasher.combine(pending.operation) }
    for pending in pendingAttributes { hasher.combine(pending.operation) }
    if health != .working { hasher.combine(UInt64(health.rawValue)) }
    if errors.isUnseen { hasher.combine(UInt64(errors.newest.rawValue) << 8) }
  }
}

extension Inode {
  @inline(__always) fileprivate func combine(into hasher: inout DigestHasher) {
    hasher.combine(UInt64(kind.rawValue) << 32 | UInt64(mode) << 8)
    hasher.combine(modified)
    if user != 0 || group != 0 { hasher.combine(UInt64(user) << 32 | UInt64(group)) }
    if changed > modified { hasher.combine(changed) }
    if let rare = rareBox?.value { rare.combine(modified: modified, into: &hasher) }
    switch kind {
    case .regular: cached.combine(size: cachedSize, into: &hasher)
    case .symbolicLink, .characterDevice, .blockDevice: hasher.combine(target)
    case .directory, .pipe, .socket: break
    }
  }
}

extension RareAttributes {
  fileprivate func combine(modified: UInt64, into hasher: inout DigestHasher) {
    func combine(_ time: FileTime) {
      hasher.combine(UInt64(bitPattern: time.seconds))
      hasher.combine(UInt64(time.nanoseconds))
    }
    for attribute in extended {
      hasher.combine(attribute.name)
      hasher.combine(attribute.value)
    }
    hasher.combine(UInt64(extended.count))
    if let set = modificationTime, set.operation == modified { combine(set.time) }
    if let time = accessTime { combine(time) }
    let ranges =
      preallocated.ranges
      + (durablePreallocated == preallocated ? [] : durablePreallocated.ranges)
    for range in ranges {
      hasher.combine(UInt64(range.lowerBound))
      hasher.combine(UInt64(range.upperBound))
    }
  }
}
