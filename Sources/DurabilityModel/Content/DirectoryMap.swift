/// The entries of one directory, sorted by name: a value that clones by copy-on-write.
struct DirectoryMap: Sendable {
  /// One name and what it names.
  struct Entry: Sendable {
    var name: [UInt8]
    var inode: InodeNumber
  }

  private(set) var entries: [Entry] = []

  /// What `name` names, if anything.
  subscript(name: [UInt8]) -> InodeNumber? {
    let index = position(of: name)
    guard index < entries.count, entries[index].name == name else { return nil }
    return entries[index].inode
  }

  /// Sets or replaces an entry.
  mutating func set(_ name: [UInt8], to inode: InodeNumber) {
    let index = position(of: name)
    if index < entries.count, entries[index].name == name {
      entries[index].inode = inode
    } else {
      entries.insert(Entry(name: name, inode: inode), at: index)
    }
  }

  /// Removes an entry; nothing happens when there is none.
  mutating func remove(_ name: [UInt8]) {
    let index = position(of: name)
    guard index < entries.count, entries[index].name == name else { return }
    entries.remove(at: index)
  }

  private func position(of name: [UInt8]) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].name.lexicographicallyPrecedes(name) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
