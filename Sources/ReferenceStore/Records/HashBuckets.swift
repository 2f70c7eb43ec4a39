/// A hash table from a row's hash to its index: open addressing, linear probing, no tombstones.
///
/// It stores only row numbers; the hashes stay with the rows. At most half of the buckets are in
/// use, so every search ends at an empty one.
struct HashBuckets {
  /// A row's index plus one; 0 is empty. The count is 0 or a power of two.
  private var slots: [UInt32] = []
  private var used = 0

  /// The bucket where the search for `hash` begins.
  @inline(__always)
  func firstProbe(_ hash: UInt32) -> Int { Int(hash) & (slots.count - 1) }

  /// The bucket that is looked at after `probe`.
  @inline(__always)
  func nextProbe(_ probe: Int) -> Int { (probe + 1) & (slots.count - 1) }

  /// The row in bucket `probe`, or nil when it is empty.
  @inline(__always)
  func row(at probe: Int) -> Int? {
    guard !slots.isEmpty else { return nil }
    let slot = slots[probe]
    return slot == 0 ? nil : Int(slot) - 1
  }

  /// Makes room for `count` rows without growing.
  mutating func reserve(_ count: Int, hashes rows: [RecordTable.Row]) {
    var size = max(16, slots.count)
    while size < count * 2 { size *= 2 }
    if size > slots.count { rebuild(size, hashes: rows) }
  }

  /// Adds row `index`, which is not there yet.
  mutating func insert(_ index: Int, hashes rows: [RecordTable.Row]) {
    if (used + 1) * 2 > slots.count {
      // The rows include the new one already.
      rebuild(max(16, slots.count * 2), hashes: rows)
    } else {
      place(index, hash: rows[index].hash)
      used += 1
    }
  }

  /// Removes row `index`.
  mutating func remove(_ index: Int, hashes rows: [RecordTable.Row]) {
    var gap = bucket(of: index, hash: rows[index].hash)
    slots[gap] = 0
    used -= 1
    // Rows behind the gap move into it unless that would put them before their first bucket.
    var probe = nextProbe(gap)
    while let moving = row(at: probe) {
      let home = firstProbe(rows[moving].hash)
      let mask = slots.count - 1
      if (probe - home) & mask >= (probe - gap) & mask {
        slots[gap] = slots[probe]
        slots[probe] = 0
        gap = probe
      }
      probe = nextProbe(probe)
    }
  }

  /// Notes that row `old` is now row `new`.
  mutating func move(_ old: Int, to new: Int, hashes rows: [RecordTable.Row]) {
    slots[bucket(of: old, hash: rows[old].hash)] = UInt32(new + 1)
  }

  private func bucket(of index: Int, hash: UInt32) -> Int {
    var probe = firstProbe(hash)
    while let found = row(at: probe) {
      if found == index { return probe }
      probe = nextProbe(probe)
    }
    preconditionFailure("row \(index) is not in the hash table")
  }

  private mutating func place(_ index: Int, hash: UInt32) {
    var probe = firstProbe(hash)
    while slots[probe] != 0 { probe = nextProbe(probe) }
    slots[probe] = UInt32(index + 1)
  }

  private mutating func rebuild(_ size: Int, hashes rows: [RecordTable.Row]) {
    slots = [UInt32](repeating: 0, count: size)
    for index in rows.indices { place(index, hash: rows[index].hash) }
    used = rows.count
  }
}
