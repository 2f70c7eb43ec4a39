internal import StorageInterface
internal import SubjectProtocol

// Opening is no part of the published file, which refers to it: the log is replayed into mapping
// and index, both are made durable, and only then is the log cut. Here each step is as safe as a
// file system allows, so that what is found is the published part's own.
extension VelesdbStorage {
  func recover() throws(DesignError) {
    try loadIndex()
    let log = try doing("replay") { () throws(Errno) in try directory.read(Self.logName) }
    for frame in VelesdbFrame.decode(log) {
      switch frame {
      case .store(let id, let bytes) where bytes.count == vectorSize:
        let offset = index[id] ?? nextOffset
        if index[id] == nil { nextOffset += vectorSize }
        try ensureCapacity(offset + vectorSize)
        mapping.store(bytes, at: offset)
        index[id] = offset
      case .store: break
      case .delete(let id): index[id] = nil
      }
    }
    if !log.isEmpty {
      try doing("replay") { () throws(Errno) in
        try mapping.synchronize()
        try data.syncAll()
      }
      try saveIndex()
      try doing("replay") { () throws(Errno) in
        try self.log.file.setLength(0)
        try self.log.file.syncAll()
      }
    }
    try doing("open") { () throws(Errno) in try directory.storage.synchronizeDirectory("") }
  }

  /// The index file: a map in the crate postcard's encoding, numbers of seven bits a byte.
  private func loadIndex() throws(DesignError) {
    guard directory.exists(Self.indexName) else { return }
    let bytes = try doing("vectors.idx") { () throws(Errno) in try directory.read(Self.indexName) }
    var numbers = PostcardNumbers(bytes)
    guard let count = numbers.next() else { throw DesignError(.corrupt, "vectors.idx is cut off") }
    for _ in 0..<count {
      guard let id = numbers.next(), let number = numbers.next(), let offset = Int(exactly: number),
        offset <= mapping.count - vectorSize
      else { throw DesignError(.corrupt, "index offset exceeds data file size") }
      index[id] = offset
      nextOffset = max(nextOffset, offset + vectorSize)
    }
  }

  private func saveIndex() throws(DesignError) {
    var bytes = PostcardNumbers.bytes(UInt64(index.count))
    for (id, offset) in index.sorted(by: { $0.key < $1.key }) {
      bytes += PostcardNumbers.bytes(id) + PostcardNumbers.bytes(UInt64(offset))
    }
    let content = bytes
    try doing("vectors.idx") { () throws(Errno) in
      let temporary = Self.indexName + ".new"
      let file = try directory.create(temporary)
      defer { file.close() }
      try file.writeAll(content)
      try file.syncAll()
      try directory.rename(temporary, to: Self.indexName)
      try directory.storage.synchronizeDirectory("")
    }
  }
}

/// Numbers as the crate postcard writes them: seven bits a byte, the lowest first.
struct PostcardNumbers {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  static func bytes(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// The next number; nil where there is none.
  mutating func next() -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      number |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return number }
    }
    return nil
  }
}
