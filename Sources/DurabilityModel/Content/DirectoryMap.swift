/// The entries of one directory, sorted by name: a value that clones by copy-on-write.
///
/// A small directory is one array. A large one is an array of chunks, each of bounded length, so
/// that a change costs the same whether the directory holds a thousand names or a million, and a
/// clone that is changed copies one chunk and the list of chunks.
struct DirectoryMap: Sendable {
  /// One name and what it names.
  struct Entry: Sendable {
    var name: [UInt8]
    var inode: InodeNumber
  }

  private enum Storage {
    case small([Entry])
    /// Chunks in the order of their names, none empty, and how many entries all of them hold.
    case large([[Entry]], count: Int)
  }

  private var storage = Storage.small([])

  /// The length at which an array of entries is divided in two.
  static let chunkLimit = 256

  /// How many entries there are.
  var count: Int {
    switch storage {
    case .small(let entries): entries.count
    case .large(_, let count): count
    }
  }

  /// Whether there are no entries.
  var isEmpty: Bool { count == 0 }

  /// All entries in the order of their names.
  var entries: [Entry] {
    switch storage {
    case .small(let entries): entries
    case .large(let chunks, _): Array(chunks.joined())
    }
  }

  /// Whether both hold the same entries because neither was changed since one was made of the
  /// other.
  func isSame(as other: DirectoryMap) -> Bool {
    switch (storage, other.storage) {
    case (.small(let entries), .small(let others)):
      entries.count == others.count
        && (entries.isEmpty
          || entries.withUnsafeBufferPointer { first in
            others.withUnsafeBufferPointer { first.baseAddress == $0.baseAddress }
          })
    case (.small, .large), (.large, .small), (.large, .large): false
    }
  }

  /// Calls `body` with each entry, in the order of their names.
  func forEach(_ body: (Entry) -> Void) {
    switch storage {
    case .small(let entries): for entry in entries { body(entry) }
    case .large(let chunks, _): for chunk in chunks { for entry in chunk { body(entry) } }
    }
  }

  /// What `name` names, if anything.
  subscript(name: [UInt8]) -> InodeNumber? {
    switch storage {
    case .small(let entries): return Self.find(name, in: entries)
    case .large(let chunks, _): return Self.find(name, in: chunks[Self.chunk(of: name, chunks)])
    }
  }

  /// Sets or replaces an entry; returns what the name named before.
  @discardableResult
  mutating func set(_ name: [UInt8], to inode: InodeNumber) -> InodeNumber? {
    // The storage lets go of its array while that is changed, or the change would copy it.
    switch storage {
    case .small(var entries):
      storage = .small([])
      let old = Self.set(name, to: inode, in: &entries)
      if entries.count > Self.chunkLimit {
        let half = entries.count / 2
        storage = .large(
          [Array(entries[..<half]), Array(entries[half...])], count: entries.count)
      } else {
        storage = .small(entries)
      }
      return old
    case .large(var chunks, let count):
      storage = .small([])
      let index = Self.chunk(of: name, chunks)
      let old = Self.set(name, to: inode, in: &chunks[index])
      if chunks[index].count > Self.chunkLimit {
        let half = chunks[index].count / 2
        chunks.insert(Array(chunks[index][half...]), at: index + 1)
        chunks[index].removeSubrange(half...)
      }
      storage = .large(chunks, count: old == nil ? count + 1 : count)
      return old
    }
  }

  /// Removes an entry and returns what it named; nothing happens when there is none.
  @discardableResult
  mutating func remove(_ name: [UInt8]) -> InodeNumber? {
    switch storage {
    case .small(var entries):
      storage = .small([])
      let old = Self.remove(name, from: &entries)
      storage = .small(entries)
      return old
    case .large(var chunks, let count):
      storage = .small([])
      let index = Self.chunk(of: name, chunks)
      let old = Self.remove(name, from: &chunks[index])
      if chunks[index].isEmpty { chunks.remove(at: index) }
      let left = old == nil ? count : count - 1
      storage = chunks.count == 1 ? .small(chunks[0]) : .large(chunks, count: left)
      return old
    }
  }

  // MARK: Within one sorted array.

  private static func find(_ name: [UInt8], in entries: [Entry]) -> InodeNumber? {
    let index = position(of: name, in: entries)
    guard index < entries.count, entries[index].name == name else { return nil }
    return entries[index].inode
  }

  /// Whether `left` comes before `right`, byte by byte: eight of them at a time.
  private static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        let common = min(left.count, right.count)
        var offset = 0
        while offset &+ 8 <= common {
          let a = left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          let b = right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          if a != b { return UInt64(bigEndian: a) < UInt64(bigEndian: b) }
          offset &+= 8
        }
        while offset < common {
          if left[offset] != right[offset] { return left[offset] < right[offset] }
          offset &+= 1
        }
        return left.count < right.count
      }
    }
  }

  private static func set(
    _ name: [UInt8], to inode: InodeNumber, in entries: inout [Entry]
  ) -> InodeNumber? {
    let index = position(of: name, in: entries)
    if index < entries.count, entries[index].name == name {
      let old = entries[index].inode
      entries[index].inode = inode
      return old
    }
    entries.insert(Entry(name: name, inode: inode), at: index)
    return nil
  }

  private static func remove(_ name: [UInt8], from entries: inout [Entry]) -> InodeNumber? {
    let index = position(of: name, in: entries)
    guard index < entries.count, entries[index].name == name else { return nil }
    return entries.remove(at: index).inode
  }

  private static func position(of name: [UInt8], in entries: [Entry]) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(entries[middle].name, name) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// The place of the chunk in which `name` stands or would stand: the last that does not begin
  /// behind it.
  private static func chunk(of name: [UInt8], _ chunks: [[Entry]]) -> Int {
    var low = 1
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(name, chunks[middle][0].name) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low - 1
  }
}
