/// A hash table from a key's hash to its row: open addressing, linear probing, no tombstones.
///
/// A bucket holds the hash beside the row's number, so that most buckets that a search passes need
/// no look at the row. At most three quarters are in use, so every search ends at an empty one.
struct KeyIndex {
  /// A hash in the upper half, a row plus one in the lower; 0 is empty. The count is 0 or a power
  /// of two.
  private var slots: [UInt64] = []
  private var used = 0

  /// The bucket where the search for `hash` begins.
  @inline(__always)
  func firstProbe(_ hash: UInt32) -> Int { Int(hash) & (slots.count - 1) }

  /// The bucket that is looked at after `probe`.
  @inline(__always)
  func nextProbe(_ probe: Int) -> Int { (probe + 1) & (slots.count - 1) }

  /// What is in bucket `probe`: nil when it is empty.
  @inline(__always)
  func entry(at probe: Int) -> (hash: UInt32, row: Int)? {
    guard !slots.isEmpty else { return nil }
    let slot = slots[probe]
    if slot == 0 { return nil }
    return (UInt32(truncatingIfNeeded: slot >> 32), Int(slot & 0xFFFF_FFFF) - 1)
  }

  /// Makes room for `count` rows without growing.
  mutating func reserve(_ count: Int) {
    var size = max(64, slots.count)
    while size * 3 < count * 4 { size *= 2 }
    if size > slots.count { rebuild(size) }
  }

  /// Adds a row, which is not there yet.
  @inline(__always)
  mutating func insert(_ row: Int, hash: UInt32) {
    if (used + 1) * 4 > slots.count * 3 { rebuild(max(64, slots.count * 2)) }
    place(UInt64(hash) << 32 | UInt64(row + 1))
    used += 1
  }

  /// Adds rows to an empty index: row n has the n-th of `hashes`, which are in the lower half.
  ///
  /// A large table is filled a part at a time, each small enough for the processor's cache: else
  /// nearly every insertion would wait for memory.
  mutating func fill(_ hashes: [UInt32]) {
    precondition(used == 0, "the index is empty")
    reserve(hashes.count)
    used = hashes.count
    let partShift = slots.count.trailingZeroBitCount - Self.partBits
    guard partShift > Self.cachedBits else {
      for (row, hash) in hashes.enumerated() { place(UInt64(hash) << 32 | UInt64(row + 1)) }
      return
    }
    let mask = UInt32(slots.count - 1)
    var starts = [Int](repeating: 0, count: (1 << Self.partBits) + 1)
    for hash in hashes { starts[Int((hash & mask) >> UInt32(partShift)) + 1] += 1 }
    for part in 1..<starts.count { starts[part] += starts[part - 1] }
    let ordered = [UInt64](unsafeUninitializedCapacity: hashes.count) { ordered, count in
      for (row, hash) in hashes.enumerated() {
        let part = Int((hash & mask) >> UInt32(partShift))
        ordered[starts[part]] = UInt64(hash) << 32 | UInt64(row + 1)
        starts[part] += 1
      }
      count = hashes.count
    }
    for slot in ordered { place(slot) }
  }

  /// The logarithms of how many parts a large table is filled in, and of the buckets below which a
  /// part is not worth it.
  private static let partBits = 7
  private static let cachedBits = 8

  /// Removes a row.
  mutating func remove(_ row: Int, hash: UInt32) {
    var gap = bucket(of: row, hash: hash)
    slots[gap] = 0
    used -= 1
    // Rows behind the gap move into it unless that would put them before their first bucket.
    var probe = nextProbe(gap)
    let mask = slots.count - 1
    while slots[probe] != 0 {
      let home = firstProbe(UInt32(truncatingIfNeeded: slots[probe] >> 32))
      if (probe - home) & mask >= (probe - gap) & mask {
        slots[gap] = slots[probe]
        slots[probe] = 0
        gap = probe
      }
      probe = nextProbe(probe)
    }
  }

  /// Notes that row `old` is now row `new`.
  mutating func move(_ old: Int, to new: Int, hash: UInt32) {
    slots[bucket(of: old, hash: hash)] = UInt64(hash) << 32 | UInt64(new + 1)
  }

  /// Forgets every row and gives the memory back.
  mutating func removeAll() {
    slots = []
    used = 0
  }

  private func bucket(of row: Int, hash: UInt32) -> Int {
    var probe = firstProbe(hash)
    while let found = entry(at: probe) {
      if found.row == row { return probe }
      probe = nextProbe(probe)
    }
    preconditionFailure("row \(row) is not in the hash table")
  }

  @inline(__always)
  private mutating func place(_ slot: UInt64) {
    var probe = firstProbe(UInt32(truncatingIfNeeded: slot >> 32))
    while slots[probe] != 0 { probe = nextProbe(probe) }
    slots[probe] = slot
  }

  private mutating func rebuild(_ size: Int) {
    let old = slots
    slots = [UInt64](repeating: 0, count: size)
    for slot in old where slot != 0 { place(slot) }
  }
}

/// The hash of a key. Not for the disk: it lives in memory only.
enum KeyHash {
  /// Hashes a namespace's number and an id.
  @inline(__always)
  static func hash(namespace: UInt32, id: RawSpan) -> UInt32 {
    var state = UInt64(namespace) << 32 | UInt64(truncatingIfNeeded: id.byteCount)
    var offset = 0
    while offset + 8 <= id.byteCount {
      mix(id.uint64(at: offset), into: &state)
      offset += 8
    }
    if offset < id.byteCount {
      var word: UInt64 = 0
      for index in offset..<id.byteCount { word = word << 8 | UInt64(id.uint8(at: index)) }
      mix(word, into: &state)
    }
    return UInt32(truncatingIfNeeded: state ^ (state >> 32))
  }

  /// Folds a word into `state` by a 64×64→128-bit multiplication.
  @inline(__always)
  private static func mix(_ word: UInt64, into state: inout UInt64) {
    let product = (state ^ word ^ 0x9E37_79B9_7F4A_7C15)
      .multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    state = product.high ^ product.low
  }
}
