public import StorageInterface

/// What every byte of a store's directory is, told without writing anything.
public struct Inspection: Sendable {
  /// What a range of bytes is.
  public enum Verdict: String, Sendable {
    /// A good header.
    case header
    /// Good records that something later proves to have been synced.
    case proven
    /// Good records without proof; an opening copies them.
    case unproven
    /// A mark.
    case mark
    /// Records that a later segment's header makes void.
    case void
    /// A bad tail that nobody was promised; an opening ignores it.
    case torn
    /// Zeros behind the end.
    case zeros
    /// What an earlier life of the file left behind the end.
    case stale
    /// Bytes that had been synced and are not what was written.
    case damaged
    /// A good block of a snapshot.
    case block
    /// A good table of blocks.
    case table
    /// A version or feature that is not known.
    case unknown
    /// A segment that was never finished, or a file that is no segment.
    case unfinished
    /// A snapshot that was never finished.
    case temporary
    /// Zeros between the parts of a snapshot.
    case padding
    /// None of the store's files.
    case foreign
  }

  /// A range of bytes of one file.
  public struct Extent: Equatable, Sendable {
    /// The offsets.
    public var range: Range<Int>
    /// What they are.
    public var verdict: Verdict
    /// More about them.
    public var note: String
  }

  /// One file.
  public struct File: Sendable {
    /// Its name.
    public var name: String
    /// Its size in bytes.
    public var size: Int
    /// What it says of itself.
    public var summary: String
    /// Its bytes, from the first to the last.
    public var extents: [Extent]
  }

  /// The files of the directory, by name.
  public var files: [File] = []
  /// The dimension that the files say; nil when none has a good header.
  public var dimension: Int?
  /// What an opening of the store would report.
  public var report: RecoveryReport?
  /// Why an opening of the store would fail.
  public var failure: StoreError?

  /// Whether bytes that had been synced are not what was written.
  public var isDamaged: Bool {
    files.contains { $0.extents.contains { $0.verdict == .damaged } }
  }

  /// Reads the directory. With `listsRecords` each record is an extent of its own; else records of
  /// one verdict that follow one another are one.
  ///
  /// Never writes, locks nothing. Fails only where a file or the directory cannot be read.
  public init(storage: any Storage, listsRecords: Bool = false) throws(StoreError) {
    let files = StoreFiles(storage: storage)
    var inspector = Inspector(files: files, listsRecords: listsRecords)
    let names = try files.list().sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    // Newest first: the headers of later segments say what is void and proven in earlier ones.
    for name in names.reversed() { self.files.append(try inspector.inspect(name)) }
    self.files.reverse()
    dimension = inspector.dimension
    guard let dimension else { return }
    var options = StoreOptions(dimension: dimension)
    options.createsStore = false
    do throws(StoreError) {
      let recovery = try Recovery(files: files, options: options, clock: { 0 }, isReadOnly: true)
      report = recovery.report
    } catch {
      failure = error
    }
  }
}

/// Inspects file after file, the newest segment first.
struct Inspector {
  let files: StoreFiles
  let listsRecords: Bool
  /// The dimension found first.
  var dimension: Int?
  /// What the segments seen say of those before them.
  private var positions: [LogPosition] = []

  init(files: StoreFiles, listsRecords: Bool) {
    self.files = files
    self.listsRecords = listsRecords
  }

  /// Inspects one file.
  mutating func inspect(_ name: String) throws(StoreError) -> Inspection.File {
    switch StoreFileName(name) {
    case .segment(let number): return try segment(number)
    case .snapshot(let number): return try snapshot(number)
    case .temporary:
      let window = try FileWindow(name, files: files, limit: .max)
      return whole(name, window.size, .temporary, "a snapshot that was never finished")
    case nil: return whole(name, 0, .foreign, "none of the store's files")
    }
  }

  private func whole(
    _ name: String, _ size: Int, _ verdict: Inspection.Verdict, _ summary: String
  ) -> Inspection.File {
    Inspection.File(
      name: name, size: size, summary: summary,
      extents: [.init(range: 0..<size, verdict: verdict, note: summary)])
  }

  private mutating func segment(_ number: SegmentNumber) throws(StoreError) -> Inspection.File {
    let window = try FileWindow(
      StoreFileName.segment(number).path, files: files, limit: .max)
    switch SegmentHeader.decode(window.bytes, number: number) {
    case .failure(.unknownVersion):
      return whole(window.path, window.size, .unknown, "a version or features that are not known")
    case .failure(let failure):
      let proof = try DurabilityProof.find(window, behind: 0, segment: number, tag: nil)
      guard let proof else {
        return whole(
          window.path, window.size, .unfinished, "no segment: in its header, \(failure.reason)")
      }
      return whole(
        window.path, window.size, .damaged,
        "the record at \(proof) proves the header, and \(failure.reason)")
    case .success((let header, let tag)):
      dimension = dimension ?? header.dimension
      var file = Inspection.File(
        name: window.path, size: window.size, summary: describe(header),
        extents: [.init(range: 0..<LogFormat.segmentHeaderBytes, verdict: .header, note: "")])
      try addRecords(window, header, tag, &file)
      positions.append(header.predecessor)
      return file
    }
  }

  private func describe(_ header: SegmentHeader) -> String {
    var words = ["segment \(header.number.rawValue)", "dimension \(header.dimension)"]
    words.append("first LSN \(header.firstLSN.rawValue)")
    if header.predecessor.segment != .none {
      words.append("follows \(header.predecessor.segment.rawValue) to \(header.predecessor.end)")
    }
    if header.carriedBytes > 0 { words.append("carries \(header.carriedBytes) bytes") }
    if header.hints & LogFormat.Hint.recycled != 0 { words.append("recycled") }
    if header.hints & LogFormat.Hint.preallocated != 0 { words.append("preallocated") }
    return words.joined(separator: ", ")
  }

  private func addRecords(
    _ window: FileWindow, _ header: SegmentHeader, _ tag: UInt32, _ file: inout Inspection.File
  ) throws(StoreError) {
    let said = positions.filter { $0.segment == header.number && $0.tag == tag }.map { Int($0.end) }
    var scan = SegmentScan(header, tag: tag)
    var frames: [RecordFrame] = []
    while case .record(let frame, _) = try scan.next(window, limit: window.size) {
      frames.append(frame)
    }
    let provenEnd = max(scan.provenEnd, said.max() ?? 0)
    for frame in frames {
      let verdict: Inspection.Verdict =
        if frame.type == .mark {
          .mark
        } else if let end = said.max(), frame.start >= end {
          .void
        } else if frame.end <= provenEnd {
          .proven
        } else {
          .unproven
        }
      add(frame, verdict, &file)
    }
    guard scan.validEnd < window.size else { return }
    let reason = scan.failure?.reason ?? "the file ends there"
    let rest = scan.validEnd..<window.size
    if provenEnd > scan.validEnd {
      return file.extents.append(
        .init(range: rest, verdict: .damaged, note: "a later segment proves it, and \(reason)"))
    }
    let proof = try DurabilityProof.find(
      window, behind: scan.validEnd, segment: header.number, tag: tag)
    if let proof {
      file.extents.append(
        .init(
          range: scan.validEnd..<proof, verdict: .damaged,
          note: "the record at \(proof) proves it, and \(reason)"))
      file.extents.append(
        .init(range: proof..<window.size, verdict: .proven, note: "behind the damage"))
    } else if try isZero(window, rest) {
      file.extents.append(.init(range: rest, verdict: .zeros, note: ""))
    } else {
      let isRecycled = header.hints & LogFormat.Hint.recycled != 0
      file.extents.append(
        .init(range: rest, verdict: isRecycled ? .stale : .torn, note: reason))
    }
  }

  private func add(
    _ frame: RecordFrame, _ verdict: Inspection.Verdict, _ file: inout Inspection.File
  ) {
    let note = "LSN \(frame.lsn.rawValue), \(frame.type)"
    guard !listsRecords, let last = file.extents.last, last.verdict == verdict else {
      return file.extents.append(
        .init(range: frame.start..<frame.end, verdict: verdict, note: note))
    }
    let first = last.note.prefix { $0 != "," && $0 != "–" }
    file.extents[file.extents.count - 1].range = last.range.lowerBound..<frame.end
    file.extents[file.extents.count - 1].note = first + "–\(frame.lsn.rawValue)"
  }

  private func isZero(_ window: FileWindow, _ range: Range<Int>) throws(StoreError) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      try window.need(1, at: offset)
      let held = min(window.bytes.byteCount, range.upperBound - window.start)
      if held <= offset - window.start { return true }
      let rest = window.bytes.extracting(offset - window.start..<held)
      if !rest.isZero { return false }
      offset += rest.byteCount
    }
    return true
  }

  private mutating func snapshot(_ number: UInt64) throws(StoreError) -> Inspection.File {
    let path = StoreFileName.snapshot(number).path
    let window = try FileWindow(path, files: files, limit: .max)
    let reader = SnapshotReader(files: files, path: path, checkpoint: number, mapsFrom: .max)
    let header: SnapshotHeader
    do throws(StoreError) {
      header = try reader.header(window)
    } catch {
      if case .unsupported(let reason) = error { return whole(path, window.size, .unknown, reason) }
      guard case .corrupt(_, _, let reason) = error else { throw error }
      return whole(path, window.size, .damaged, reason)
    }
    dimension = dimension ?? header.dimension
    var file = Inspection.File(
      name: path, size: window.size,
      summary:
        "checkpoint \(number), dimension \(header.dimension), \(header.recordCount) records, "
        + "to LSN \(header.lastLSN.rawValue)",
      extents: [.init(range: 0..<LogFormat.snapshotHeaderBytes, verdict: .header, note: "")])
    for section in header.sections {
      try addGap(to: section.dataOffset, window, &file)
      try addBlocks(section, header, reader, window, &file)
    }
    return file
  }

  /// Adds what stands between the last extent and `end`.
  private func addGap(
    to end: Int, _ window: FileWindow, _ file: inout Inspection.File
  ) throws(StoreError) {
    let range = (file.extents.last?.range.upperBound ?? 0)..<end
    if range.isEmpty { return }
    let isZero = try isZero(window, range)
    file.extents.append(
      .init(range: range, verdict: isZero ? .padding : .damaged, note: "between the parts"))
  }

  private func addBlocks(
    _ section: SnapshotSection, _ header: SnapshotHeader, _ reader: SnapshotReader,
    _ window: FileWindow, _ file: inout Inspection.File
  ) throws(StoreError) {
    do throws(StoreError) {
      try reader.eachStoredBlock(header, section, window) { block, offset, stored, error in
        file.extents.append(
          .init(
            range: offset..<offset + stored.count, verdict: error == nil ? .block : .damaged,
            note: "\(section.kind), block \(block)"))
      }
      try addGap(to: section.tableOffset, window, &file)
      file.extents.append(
        .init(range: section.tableOffset..<section.end, verdict: .table, note: "\(section.kind)"))
    } catch {
      guard case .corrupt(_, _, let reason) = error else { throw error }
      file.extents.append(
        .init(
          range: section.dataOffset..<section.end, verdict: .damaged,
          note: "\(section.kind): \(reason)"))
    }
  }
}
