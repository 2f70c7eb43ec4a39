internal import StorageInterface
internal import SubjectProtocol

/// velesdb-core's `DurabilityMode`.
enum VelesdbDurability: Equatable {
  /// Single stores and deletes are synced before they return.
  case fsync
  /// The log is handed to the operating system, never synced.
  case flushOnly
  /// No log.
  case none
}

/// velesdb-core's memory-mapped vector storage: a file of vectors that are stored in place, an
/// index of where they are, and a log.
final class VelesdbStorage {
  let directory: DesignDirectory
  let dimension: Int
  let durability: VelesdbDurability
  let data: RustFile
  let log: BufWriter
  var mapping: any MappedFile
  /// Where the vector of each id is.
  var index: [UInt64: Int] = [:]
  var nextOffset = 0

  static let dataName = "vectors.dat"
  static let logName = "vectors.wal"
  static let indexName = "vectors.idx"
  /// The file's first length, and by how much it grows at least, in bytes.
  static let initialSize = 16 << 20
  static let minimumGrowth = 64 << 20

  var vectorSize: Int { dimension * 4 }

  init(
    _ directory: DesignDirectory, dimension: Int, _ durability: VelesdbDurability
  ) throws(DesignError) {
    self.directory = directory
    self.dimension = dimension
    self.durability = durability
    let data = try doing("open") { () throws(Errno) in
      try directory.openReadWrite(Self.dataName)
    }
    self.data = data
    mapping = try doing("open") { () throws(Errno) in
      if try data.length() == 0 { try data.setLength(UInt64(Self.initialSize)) }
      return try data.mapShared(count: Int(clamping: try data.length()))
    }
    log = try doing("open") { () throws(Errno) in
      BufWriter(try directory.openAppend(Self.logName))
    }
    try recover()
  }

  /// Logs a vector, syncs it where every single store is durable, and writes it in place.
  func store(_ id: UInt64, _ vector: [Float]) throws(DesignError) {
    let bytes = Self.bytes(vector)
    if durability != .none {
      let frame = VelesdbFrame.store(id: id, data: bytes)
      try doing("store") { () throws(Errno) in
        try log.writeAll(frame.body)
        try log.writeAll(frame.checksum)
        if durability == .fsync {
          try log.flush()
          try log.file.syncAll()
        }
      }
    }
    let known = index[id]
    let offset = known ?? nextOffset
    if known == nil { nextOffset = offset + bytes.count }
    try ensureCapacity(offset + bytes.count)
    mapping.store(bytes, at: offset)
    if known == nil { index[id] = offset }
  }

  /// Logs vectors in one write, without any sync, and writes them in place.
  func storeBatch(_ vectors: [(id: UInt64, vector: [Float])]) throws(DesignError) {
    guard !vectors.isEmpty else { return }
    var places: [UInt64: Int] = [:]
    var size = 0
    for (id, _) in vectors where index[id] == nil {
      places[id] = nextOffset + size
      size += vectorSize
    }
    if size > 0 {
      try ensureCapacity(nextOffset + size)
      nextOffset += size
    }
    if durability != .none {
      var group: [UInt8] = []
      for (id, vector) in vectors {
        let frame = VelesdbFrame.store(id: id, data: Self.bytes(vector))
        group += frame.body + frame.checksum
      }
      let bytes = group
      try doing("store_batch") { () throws(Errno) in try log.writeAll(bytes) }
    }
    for (id, vector) in vectors {
      guard let offset = index[id] ?? places[id] else {
        preconditionFailure("every new id was given a place")
      }
      mapping.store(Self.bytes(vector), at: offset)
    }
    for (id, offset) in places { index[id] = offset }
  }

  /// Logs the delete, and punches the vector out of the file at once.
  func delete(_ id: UInt64) throws(DesignError) {
    if durability != .none {
      let frame = VelesdbFrame.delete(id: id)
      try doing("delete") { () throws(Errno) in
        try log.writeAll(frame.body)
        try log.writeAll(frame.checksum)
        try log.flush()
        if durability == .fsync { try log.file.syncAll() }
      }
    }
    guard let offset = index.removeValue(forKey: id) else { return }
    try? data.punchHole(at: UInt64(offset), count: UInt64(vectorSize))
  }

  /// A barrier: the mapping first, then the log as far as the mode goes.
  func flush() throws(DesignError) {
    try doing("flush") { () throws(Errno) in
      try mapping.synchronize()
      switch durability {
      case .fsync:
        try log.flush()
        try log.file.syncAll()
      case .flushOnly: try log.flush()
      case .none: break
      }
    }
  }

  /// The vector of `id`, if there is one.
  func vector(_ id: UInt64) throws(DesignError) -> [Float]? {
    guard let offset = index[id] else { return nil }
    guard offset + vectorSize <= mapping.count else {
      throw DesignError(.corrupt, "Offset out of bounds")
    }
    let bytes = mapping.load(vectorSize, at: offset)
    return stride(from: 0, to: vectorSize, by: 4).map { place in
      Float(bitPattern: UInt32(littleEndianBytes: bytes[place..<place + 4]))
    }
  }

  /// What dropping it does: best effort, errors are only logged.
  func drop() {
    try? log.flush()
    try? log.file.syncAll()
    try? mapping.synchronize()
    log.drop()
    mapping.unmap()
    data.close()
  }

  /// Doubles the file, or more, when the mapping ends before `required` bytes.
  func ensureCapacity(_ required: Int) throws(DesignError) {
    guard mapping.count < required else { return }
    let size = max(2 * mapping.count, required + Self.minimumGrowth)
    try doing("grow") { () throws(Errno) in
      try mapping.synchronize()
      try data.setLength(UInt64(size))
      let grown = try data.mapShared(count: size)
      mapping.unmap()
      mapping = grown
    }
  }

  private static func bytes(_ vector: [Float]) -> [UInt8] {
    vector.flatMap { $0.bitPattern.littleEndianBytes }
  }
}
