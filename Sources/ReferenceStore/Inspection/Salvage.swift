public import StorageInterface

/// Copies what can be proven out of a damaged store into a new one, each record with its time.
///
/// The newest snapshot whose names and rows are good gives its records, but for those in damaged
/// blocks of vectors. Then every good record of the log is applied, in the order of LSNs; where
/// bytes are damaged, reading goes on at the record that proves it. Nothing is written into the
/// damaged store.
public struct Salvage {
  /// The checkpoint that was read; nil for none.
  public private(set) var checkpoint: UInt64?
  /// How many of its records were lost with damaged blocks.
  public private(set) var lostRecords = 0
  /// How many records of the log were applied.
  public private(set) var appliedRecords = 0
  /// LSNs that no good record of the log has, though later ones are there.
  public private(set) var missing: [ClosedRange<UInt64>] = []
  /// How many records the new store has.
  public private(set) var records = 0
  /// What was bad, a line each.
  public private(set) var notes: [String] = []

  private let files: StoreFiles
  private let table: RecordTable
  private var lastLSN = LSN.zero

  /// Reads the store in `source` and makes a new one in the empty directory of `target`.
  ///
  /// Fails with `invalid` when `target` holds a store or the files do not say their dimension, and
  /// as `Store` does for what it writes.
  public init(from source: any Storage, to target: any Storage) throws(StoreError) {
    files = StoreFiles(storage: source)
    let inspection = try Inspection(storage: source)
    guard let dimension = inspection.dimension else {
      throw .invalid(reason: "no file of the store has a good header")
    }
    table = RecordTable(dimension: dimension)
    var snapshots: [UInt64] = []
    var segments: [SegmentNumber] = []
    for name in try files.list() {
      switch StoreFileName(name) {
      case .snapshot(let number): snapshots.append(number)
      case .segment(let number): segments.append(number)
      case .temporary, nil: break
      }
    }
    let first = try readSnapshot(snapshots.sorted(by: >))
    try readLog(segments.filter { $0 >= first }.sorted())
    try write(to: target)
  }

  /// Reads the newest good snapshot; returns the segment with which the log goes on.
  private mutating func readSnapshot(_ numbers: [UInt64]) throws(StoreError) -> SegmentNumber {
    for number in numbers {
      let reader = SnapshotReader(
        files: files, path: StoreFileName.snapshot(number).path, checkpoint: number,
        mapsFrom: .max)
      do throws(StoreError) {
        let attempt = RecordTable(dimension: table.dimension)
        let (header, bad) = try reader.loadGoodBlocks(into: attempt)
        try take(attempt, without: bad)
        lostRecords = bad.reduce(0) { $0 + $1.count }
        if lostRecords > 0 { notes.append("\(reader.path): \(lostRecords) records are lost") }
        checkpoint = number
        lastLSN = header.lastLSN
        return header.nextSegment
      } catch {
        guard case .corrupt = error else { throw error }
        notes.append("\(error)")
      }
    }
    return .first
  }

  /// Copies the rows of a loaded snapshot but those in `bad`.
  private func take(_ loaded: RecordTable, without bad: [Range<Int>]) throws(StoreError) {
    let entry = LogBuffer()
    for namespace in loaded.namespaces.all.dropFirst() { _ = table.addNamespace(namespace.name) }
    for number in 0..<loaded.rowCount where !bad.contains(where: { $0.contains(number) }) {
      let row = loaded.row(number)
      entry.truncate(to: 0)
      entry.append(entryOf: loaded.mutation(row, number))
      _ = try table.apply(entry.bytes, in: 0..<entry.count, time: row.time)
    }
  }

  private mutating func readLog(_ numbers: [SegmentNumber]) throws(StoreError) {
    var ends: [SegmentNumber: (end: UInt64, tag: UInt32)] = [:]
    for number in numbers {
      let file = try window(number)
      if case .success((let header, _)) = SegmentHeader.decode(file.bytes, number: number) {
        let position = header.predecessor
        ends[position.segment] = (position.end, position.tag)
      }
    }
    for number in numbers { try readSegment(number, ends[number]) }
  }

  private func window(_ number: SegmentNumber) throws(StoreError) -> FileWindow {
    try FileWindow(StoreFileName.segment(number).path, files: files, limit: .max)
  }

  private mutating func readSegment(
    _ number: SegmentNumber, _ said: (end: UInt64, tag: UInt32)?
  ) throws(StoreError) {
    let file = try window(number)
    var offset = LogFormat.segmentHeaderBytes
    var tag = said?.tag
    if case .success((_, let own)) = SegmentHeader.decode(file.bytes, number: number) { tag = own }
    let limit = min(file.size, said.map { $0.tag == tag ? Int($0.end) : .max } ?? .max)
    while offset < limit {
      try file.need(LogFormat.frameHeaderBytes, at: offset)
      if let stated = RecordFrame.statedBytes(file.bytes, at: offset - file.start) {
        try file.need(stated, at: offset)
      }
      let at = offset - file.start
      switch RecordFrame.decode(
        file.bytes, at: at, base: file.start, segment: number, tag: tag)
      {
      case .success(let frame):
        tag = frame.tag
        try apply(frame, file, at + LogFormat.frameHeaderBytes)
        offset = frame.end
      case .failure(let failure):
        let proof = try DurabilityProof.find(file, behind: offset, segment: number, tag: tag)
        guard let proof, proof < limit else { return }
        notes.append("\(file.path) is damaged from \(offset) to \(proof): \(failure.reason)")
        offset = proof
      }
    }
  }

  private mutating func apply(
    _ frame: RecordFrame, _ file: FileWindow, _ payload: Int
  ) throws(StoreError) {
    guard frame.type != .mark, frame.lsn > lastLSN else { return }
    guard
      try table.apply(
        file.bytes, in: payload..<payload + frame.payloadCount, time: frame.time)
    else {
      return notes.append("\(file.path): LSN \(frame.lsn.rawValue) makes no sense")
    }
    if lastLSN != .zero || checkpoint == nil, frame.lsn.rawValue > lastLSN.rawValue + 1 {
      missing.append(lastLSN.rawValue + 1...frame.lsn.rawValue - 1)
    }
    lastLSN = frame.lsn
    appliedRecords += 1
  }

  /// Makes the new store, and a checkpoint of it.
  private mutating func write(to target: any Storage) throws(StoreError) {
    var options = StoreOptions(dimension: table.dimension)
    options.sync = .never
    let clock = PutTime()
    let store = try Store(storage: target, options: options, clock: { clock.time })
    guard store.recovery.rows == .empty else {
      throw .invalid(reason: "the directory to salvage to holds a store already")
    }
    for namespace in table.namespaces.all.dropFirst() where namespace.exists {
      try store.createNamespace(namespace.name)
    }
    for number in 0..<table.rowCount {
      let row = table.row(number)
      guard row.isLive else { continue }
      clock.time = row.time
      try store.apply(table.mutation(row, number))
    }
    try store.checkpoint()
    try store.close()
    records = table.count
  }
}

/// A clock that stands at the time of the record that is copied. `@unchecked` because one thread
/// alone salvages.
private final class PutTime: @unchecked Sendable {
  var time: UInt64 = 0
}

extension RecordTable {
  /// The put that makes a record.
  func mutation(_ row: Row, _ number: Int) -> Store.Mutation {
    let components = UnsafeBufferPointer(
      start: vector(number).assumingMemoryBound(to: Float.self), count: dimension)
    return .put(
      Store.Key(
        namespace: namespaces.all[Int(row.namespace)].name, id: Array(id(row))),
      vector: Array(components), metadata: Array(metadata(row)))
  }
}
