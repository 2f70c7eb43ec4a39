public import Determinism

/// Every record of a store, one array a column, in the order the subject gave them.
///
/// Columns keep a dump of thousands of records at a handful of allocations; judging a crash state
/// needs only `digest`.
public struct Dump: Sendable, Equatable {
  private var bytes: [UInt8] = []
  private var components: [Float] = []
  private var rows: [Row] = []

  /// The sum of the records' digests; it does not depend on their order.
  public private(set) var digest = Digest.zero

  /// The namespaces the subject listed, when it lists them; nil when it does not.
  public var namespaces: [[UInt8]]?

  private struct Row: Sendable, Equatable {
    var namespaceStart: Int
    var idStart: Int
    var metadataStart: Int
    var end: Int
    var vectorStart: Int
    var vectorEnd: Int
  }

  /// A dump of an empty store.
  public init() {}

  /// How many records there are.
  public var count: Int { rows.count }

  /// Makes room for `records` more records of `dimension` components and about `bytes` bytes.
  public mutating func reserve(records: Int, dimension: Int, bytes byteCount: Int) {
    rows.reserveCapacity(rows.count + records)
    components.reserveCapacity(components.count + records * dimension)
    bytes.reserveCapacity(bytes.count + byteCount)
  }

  /// Adds one record.
  public mutating func append(_ key: RecordKey, _ value: RecordValue) {
    append(
      namespace: key.namespace, id: key.id, vector: value.vector,
      metadata: value.metadata.canonical)
  }

  /// Adds one record; `metadata` is canonical.
  public mutating func append(
    namespace: [UInt8], id: [UInt8], vector: [Float], metadata: [UInt8]
  ) {
    let start = bytes.count
    bytes.append(contentsOf: namespace)
    let idStart = bytes.count
    bytes.append(contentsOf: id)
    let metadataStart = bytes.count
    bytes.append(contentsOf: metadata)
    let vectorStart = components.count
    components.append(contentsOf: vector)
    let row = Row(
      namespaceStart: start, idStart: idStart, metadataStart: metadataStart, end: bytes.count,
      vectorStart: vectorStart, vectorEnd: components.count)
    rows.append(row)
    digest = digest + digest(of: row)
  }

  /// Adds one record from its bytes: `vector` holds Float32 values as they lie in memory,
  /// `metadata` is canonical.
  ///
  /// Copies each part once; meant for stores that keep their records in columns of their own.
  public mutating func append(
    namespace: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, vector: UnsafeRawBufferPointer,
    metadata: UnsafeRawBufferPointer
  ) {
    precondition(vector.count % 4 == 0, "a vector is whole components")
    let start = bytes.count
    let idStart = start + namespace.count
    let metadataStart = idStart + id.count
    bytes.append(contentsOf: namespace)
    bytes.append(contentsOf: id)
    bytes.append(contentsOf: metadata)
    let vectorStart = components.count
    components.append(addingCapacity: vector.count / 4) { room in
      room.withUnsafeMutableBufferPointer { target, count in
        UnsafeMutableRawBufferPointer(target).copyMemory(from: vector)
        count = vector.count / 4
      }
    }
    let row = Row(
      namespaceStart: start, idStart: idStart, metadataStart: metadataStart, end: bytes.count,
      vectorStart: vectorStart, vectorEnd: components.count)
    rows.append(row)
    digest =
      digest + recordDigest(namespace: namespace, id: id, vector: vector, metadata: metadata)
  }

  /// Adds one record whose vector `read` appends to the column it is given, and whose other parts
  /// it returns.
  ///
  /// A vector goes from text to its column without an array of its own. When `read` throws, the
  /// dump is as it was.
  mutating func appendRecord<Failure: Error>(
    _ read: (inout [Float]) throws(Failure) -> ScratchRecord
  ) throws(Failure) {
    let vectorStart = components.count
    let record: ScratchRecord
    do throws(Failure) {
      record = try read(&components)
    } catch {
      components.removeSubrange(vectorStart...)
      throw error
    }
    let start = bytes.count
    bytes.append(contentsOf: record.namespace)
    let idStart = bytes.count
    bytes.append(contentsOf: record.id)
    let metadataStart = bytes.count
    bytes.append(contentsOf: record.metadata)
    let row = Row(
      namespaceStart: start, idStart: idStart, metadataStart: metadataStart, end: bytes.count,
      vectorStart: vectorStart, vectorEnd: components.count)
    rows.append(row)
    digest = digest + digest(of: row)
  }

  /// Gives `body` the namespace, id, vector and metadata of record `index` in place.
  func withColumns(
    of index: Int,
    _ body: (
      UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<Float>,
      UnsafeBufferPointer<UInt8>
    ) -> Void
  ) {
    let row = rows[index]
    bytes.withUnsafeBufferPointer { all in
      components.withUnsafeBufferPointer { floats in
        body(
          UnsafeBufferPointer(rebasing: all[row.namespaceStart..<row.idStart]),
          UnsafeBufferPointer(rebasing: all[row.idStart..<row.metadataStart]),
          UnsafeBufferPointer(rebasing: floats[row.vectorStart..<row.vectorEnd]),
          UnsafeBufferPointer(rebasing: all[row.metadataStart..<row.end]))
      }
    }
  }

  /// The key of record `index`.
  public func key(_ index: Int) -> RecordKey {
    let row = rows[index]
    return RecordKey(
      namespace: Array(bytes[row.namespaceStart..<row.idStart]),
      id: Array(bytes[row.idStart..<row.metadataStart]))
  }

  /// The value of record `index`.
  public func value(_ index: Int) -> RecordValue {
    let row = rows[index]
    return RecordValue(
      vector: Array(components[row.vectorStart..<row.vectorEnd]),
      metadata: Metadata(alreadyCanonical: Array(bytes[row.metadataStart..<row.end])))
  }

  private func digest(of row: Row) -> Digest {
    bytes.withUnsafeBytes { all in
      components.withUnsafeBytes { floats in
        recordDigest(
          namespace: UnsafeRawBufferPointer(rebasing: all[row.namespaceStart..<row.idStart]),
          id: UnsafeRawBufferPointer(rebasing: all[row.idStart..<row.metadataStart]),
          vector: UnsafeRawBufferPointer(
            rebasing: floats[row.vectorStart * 4..<row.vectorEnd * 4]),
          metadata: UnsafeRawBufferPointer(rebasing: all[row.metadataStart..<row.end]))
      }
    }
  }
}
