public import StorageInterface

/// Hands the operations of a store's log to a caller: for change feeds, copies, other indexes.
public enum LogReplay {
  /// One change, as it was logged.
  public enum Operation: Equatable, Sendable {
    /// A record was put.
    case put(namespace: [UInt8], id: [UInt8], vector: [Float], metadata: [UInt8])
    /// A record was removed, if it was there.
    case delete(namespace: [UInt8], id: [UInt8])
    /// A namespace was made, unless it was there.
    case createNamespace([UInt8])
    /// A namespace was removed with its records.
    case dropNamespace([UInt8])
    /// The records of a namespace were removed.
    case clear(namespace: [UInt8])
    /// Every record was removed.
    case clearAll
  }

  /// One mutation: all of its operations, in order, or none.
  public struct Record: Equatable, Sendable {
    /// Its number.
    public var lsn: LSN
    /// The store's clock when it was made.
    public var time: UInt64
    /// What it did.
    public var operations: [Operation]
  }

  /// Calls `body` with every mutation above `lsn` that the log still has and an opening of the
  /// store would serve, in the order of their LSNs, and returns how many they were. Segments kept
  /// by `StoreOptions.retainsLog` are read too.
  ///
  /// Reads only, also where the store's own opening would write; the store need not be closed, but
  /// what is written meanwhile may be missed. Fails as opening the store does.
  @discardableResult
  public static func replay(
    storage: any Storage, dimension: Int, after lsn: LSN = .zero,
    _ body: (Record) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    var options = StoreOptions(dimension: dimension)
    options.retainsLog = true
    options.createsStore = false
    try options.check()
    let files = StoreFiles(storage: storage)
    let recovery = try Recovery(files: files, options: options, clock: { 0 }, isReadOnly: true)
    var last = lsn
    var count = 0
    let retained = recovery.log.retained.map { (number: $0.number, end: Int($0.end)) }
    for (number, end) in retained + recovery.live {
      let file = try FileWindow(
        StoreFileName.segment(number).path, files: files, limit: LogFormat.maximumSegmentBytes)
      guard case .success((let header, let tag)) = SegmentHeader.decode(file.bytes, number: number)
      else { continue }
      var scan = SegmentScan(header, tag: tag)
      while case .record(let frame, let payload) = try scan.next(file, limit: end) {
        guard frame.type != .mark, frame.lsn > last else { continue }
        let range = payload..<payload + frame.payloadCount
        try body(
          Record(
            lsn: frame.lsn, time: frame.time,
            operations: operations(file.bytes, range, dimension)))
        last = frame.lsn
        count += 1
      }
    }
    return count
  }

  private static func operations(
    _ bytes: RawSpan, _ range: Range<Int>, _ dimension: Int
  ) -> [Operation] {
    var operations: [Operation] = []
    var offset = range.lowerBound
    while offset < range.upperBound,
      let entry = Entry(bytes, at: offset, limit: range.upperBound, dimension: dimension)
    {
      operations.append(Operation(entry, bytes))
      offset = entry.end
    }
    return operations
  }
}

extension LogReplay.Operation {
  /// The operation that an entry stands for.
  init(_ entry: Entry, _ bytes: RawSpan) {
    let namespace = [UInt8](bytes.extracting(entry.namespace))
    switch entry.kind {
    case .put:
      let vector = stride(from: entry.vector, to: entry.names, by: 4).map {
        Float(bitPattern: bytes.uint32(at: $0))
      }
      self = .put(
        namespace: namespace, id: [UInt8](bytes.extracting(entry.id)), vector: vector,
        metadata: [UInt8](bytes.extracting(entry.metadata)))
    case .delete: self = .delete(namespace: namespace, id: [UInt8](bytes.extracting(entry.id)))
    case .createNamespace: self = .createNamespace(namespace)
    case .dropNamespace: self = .dropNamespace(namespace)
    case .clear: self = .clear(namespace: namespace)
    case .clearAll: self = .clearAll
    }
  }
}
