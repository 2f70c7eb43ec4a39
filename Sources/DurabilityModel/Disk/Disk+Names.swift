extension Disk {
  /// Performs an operation on names: at once in the cache, pending for the medium.
  ///
  /// A rename within a directory is one atomic change. One of a file across directories is a link
  /// into the target and a removal from the source, each covered by its own directory's barrier
  /// (disk.md, "Names under `posix-min`").
  mutating func applyName(_ operation: DiskOperation, _ count: UInt64) {
    changeNames(operation, count)
    guard rules.names == .durableAtOnce else { return }
    for pending in pendingNames { makeDurable(pending) }
    pendingNames.removeAll()
  }

  private mutating func changeNames(_ operation: DiskOperation, _ count: UInt64) {
    switch operation {
    case .create(
      let directory, let name, let number, let kind, let mode, let user, let group,
      let target):
      precondition(number == nextInode, "inode numbers are given in order")
      var inode = Inode(
        kind: kind, mode: mode, user: user, group: group, operation: count, name: name)
      inode.target = target
      inode.parent = directory
      inodes.append(inode)
      setCached(directory, name, number, count)
      pend(.set(directory: directory, name: name, inode: number), count)
    case .link(let number, let directory, let name):
      with(number) {
        $0.names += 1
        $0.lastName = name
        $0.changed = count
      }
      setCached(directory, name, number, count)
      pend(.set(directory: directory, name: name, inode: number), count)
    case .unlink(let directory, let name), .removeDirectory(let directory, let name):
      if let number = entry(name, in: directory) { dropName(of: number, count) }
      removeCached(directory, name, count)
      pend(.remove(directory: directory, name: name), count)
    case .rename(let directory, let name, let newDirectory, let newName, let mode):
      applyRename(directory, name, newDirectory, newName, mode, count)
    case .write, .setSize, .setAttributes, .allocate, .setExtendedAttribute, .setTimes,
      .synchronize, .synchronizeRange, .synchronizeDirectory, .failedSynchronize,
      .failedSynchronizeDirectory, .writeBack, .dropPages, .evict, .synchronizeFileSystem, .stop,
      .reportError:
      preconditionFailure("not an operation on names")
    }
  }

  private mutating func applyRename(
    _ directory: InodeNumber, _ name: [UInt8], _ newDirectory: InodeNumber, _ newName: [UInt8],
    _ mode: RenameMode, _ count: UInt64
  ) {
    guard let number = entry(name, in: directory) else {
      preconditionFailure("a rename of a name that is not there")
    }
    let replaced = entry(newName, in: newDirectory)
    if let replaced, mode == .exchange {
      setCached(directory, name, replaced, count)
      setCached(newDirectory, newName, number, count)
      moved(number, to: newName, in: newDirectory, count)
      moved(replaced, to: name, in: directory, count)
      pend(
        .exchange(
          first: directory, firstName: name, firstInode: replaced, second: newDirectory,
          secondName: newName, secondInode: number), count)
      return
    }
    if replaced == number { return }  // two names of one inode: POSIX says that nothing happens
    if let replaced { dropName(of: replaced, count) }
    removeCached(directory, name, count)
    setCached(newDirectory, newName, number, count)
    moved(number, to: newName, in: newDirectory, count)
    if directory == newDirectory {
      pend(.rename(directory: directory, from: name, to: newName, inode: number), count)
    } else if self[number]?.kind == .directory || rules.names != .perName {
      // Directories always; files where one journal makes it one change.
      pend(
        .move(
          directory: directory, from: name, newDirectory: newDirectory, to: newName, inode: number),
        count)
    } else {
      pend(.set(directory: newDirectory, name: newName, inode: number), count)
      pendingNames.append(
        PendingName(
          operation: count, change: .remove(directory: directory, name: name), needsLinkOf: count))
    }
    if replaced != nil {
      for index in pendingNames.indices.reversed() {
        guard pendingNames[index].operation == count else { break }
        pendingNames[index].replaces = true
      }
    }
  }

  /// What `name` names in the cache's view of `directory`.
  func entry(_ name: [UInt8], in directory: InodeNumber) -> InodeNumber? {
    isAlive(directory) ? inodes[Int(directory.rawValue)].cachedEntries[name] : nil
  }

  private mutating func pend(_ change: PendingName.Change, _ count: UInt64) {
    pendingNames.append(PendingName(operation: count, change: change))
  }

  private mutating func setCached(
    _ directory: InodeNumber, _ name: [UInt8], _ number: InodeNumber, _ count: UInt64
  ) {
    let old = with(directory) {
      $0.modified = count
      return $0.cachedEntries.set(name, to: number)
    }
    countSubdirectory(directory, gained: number, lost: old)
  }

  private mutating func removeCached(
    _ directory: InodeNumber, _ name: [UInt8], _ count: UInt64
  ) {
    let old = with(directory) {
      $0.modified = count
      return $0.cachedEntries.remove(name)
    }
    countSubdirectory(directory, gained: nil, lost: old)
  }

  private mutating func countSubdirectory(
    _ directory: InodeNumber, gained: InodeNumber?, lost: InodeNumber?
  ) {
    let change = (isDirectory(gained) ? 1 : 0) - (isDirectory(lost) ? 1 : 0)
    if change != 0 { with(directory) { $0.subdirectories += change } }
  }

  private func isDirectory(_ number: InodeNumber?) -> Bool {
    guard let number else { return false }
    return inodes[Int(number.rawValue)].kind == .directory
  }

  private mutating func moved(
    _ number: InodeNumber, to name: [UInt8], in directory: InodeNumber, _ count: UInt64
  ) {
    with(number) {
      $0.lastName = name
      $0.parent = directory
      $0.changed = count
    }
  }

  /// Takes one name from an inode; with its last one its content counts as freed. The inode stays
  /// for open descriptions, and for a power cut that undoes the removal.
  private mutating func dropName(of number: InodeNumber, _ count: UInt64) {
    with(number) {
      $0.names -= 1
      $0.changed = count
    }
    if inodes[Int(number.rawValue)].names == 0 {
      keepFreed(inodes[Int(number.rawValue)], number)
    }
  }

  /// A barrier of `directory` that succeeded: its entry operations are on the medium, and with the
  /// removal half of a rename out of it also the link half ("neither, never").
  mutating func coverNames(of directory: InodeNumber) {
    guard !pendingNames.isEmpty else { return }
    if pendingNames.allSatisfy({ $0.touches(directory) }) {
      for pending in pendingNames { makeDurable(pending) }
      pendingNames.removeAll()
      return
    }
    // A covered operation brings along what it depends on, however indirectly.
    cover(pendingNames.map { $0.touches(directory) })
  }

  /// Puts one entry operation onto the medium.
  mutating func makeDurable(_ pending: PendingName) {
    func change(_ disk: inout Disk, _ directory: InodeNumber, _ body: (inout DirectoryMap) -> Void)
    {
      disk.with(directory) {
        body(&$0.durableEntries)
        $0.durableModified = max($0.durableModified, pending.operation)
      }
    }
    switch pending.change {
    case .set(let directory, let name, let inode):
      change(&self, directory) { $0.set(name, to: inode) }
    case .remove(let directory, let name):
      change(&self, directory) { $0.remove(name) }
    case .rename(let directory, let from, let to, let inode):
      change(&self, directory) {
        $0.remove(from)
        $0.set(to, to: inode)
      }
    case .move(let directory, let from, let newDirectory, let to, let inode):
      change(&self, directory) { $0.remove(from) }
      change(&self, newDirectory) { $0.set(to, to: inode) }
    case .exchange(
      let first, let firstName, let firstInode, let second, let secondName,
      let secondInode):
      change(&self, first) { $0.set(firstName, to: firstInode) }
      change(&self, second) { $0.set(secondName, to: secondInode) }
    }
  }
}
