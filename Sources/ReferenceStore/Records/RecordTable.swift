/// Every record in memory: columns of rows, vectors and texts, and a hash table from key to row.
///
/// The components of all vectors lie in blocks one behind the other, so a search walks memory once.
/// Loading a record allocates nothing of its own. A row's number does not change while the record
/// is there, and the order of rows depends only on the history of mutations, never on hashing.
///
/// A table can stand on a mapped snapshot: then its first blocks are the snapshot's, private to
/// this process, and a block of vectors is checked before it is first used.
///
/// Its properties are not checked for exclusive access while the program runs: the checks took a
/// quarter of applying a record, and no property is touched while a change of it is under way.
final class RecordTable {
  /// What the table says of one record; the layout of the snapshot's rows.
  struct Row {
    /// Where the id begins among the texts; the metadata follows it. In a free row: the next free
    /// row plus one.
    var text: UInt64
    /// The store's clock when the record was last put.
    var time: UInt64
    /// The number of its namespace.
    var namespace: UInt32
    /// The length of the id; 0 in a free row.
    var idCount: UInt32
    /// The length of the metadata.
    var metadataCount: UInt32
    /// Zero.
    var reserved: UInt32 = 0

    /// Whether a record is here.
    @inline(__always)
    var isLive: Bool { idCount != 0 }
    /// The length of id and metadata.
    @inline(__always)
    var textCount: Int { Int(idCount) + Int(metadataCount) }
  }

  /// The bytes of a row.
  static let rowBytes = 32

  /// The number of components of every vector.
  let dimension: Int
  /// The namespaces.
  @exclusivity(unchecked) var namespaces = NamespaceTable()
  /// How many records there are.
  @exclusivity(unchecked) var count = 0
  /// How many rows are in use or free; every row's number is below.
  @exclusivity(unchecked) var rowCount = 0
  /// The bytes of the texts of all records.
  @exclusivity(unchecked) var textBytes = 0
  /// The blocks of vectors that are not yet checked; nil when there is no mapping.
  @exclusivity(unchecked) var unchecked: UncheckedBlocks?

  @exclusivity(unchecked) var rows: BlockColumn
  @exclusivity(unchecked) var vectors: BlockColumn
  @exclusivity(unchecked) var texts = TextHeap()
  @exclusivity(unchecked) var index = KeyIndex()
  @exclusivity(unchecked) var firstFree = 0
  @exclusivity(unchecked) var freeCount = 0

  /// An empty table.
  init(dimension: Int) {
    self.dimension = dimension
    precondition(MemoryLayout<Row>.size == Self.rowBytes, "rows are as the snapshot has them")
    let shift = BlockColumn.shift(stride: dimension * 4)
    rows = BlockColumn(stride: Self.rowBytes, shift: shift)
    vectors = BlockColumn(stride: dimension * 4, shift: shift)
  }

  deinit {
    rows.deallocate()
    vectors.deallocate()
    texts.deallocate()
  }

  /// How many records a block of vectors has.
  var blockCount: Int { vectors.blockCount }

  /// Row `number`.
  @inline(__always)
  func row(_ number: Int) -> Row { rows.address(number).load(as: Row.self) }

  @inline(__always)
  func setRow(_ number: Int, _ row: Row) {
    rows.address(number).storeBytes(of: row, as: Row.self)
  }

  /// The id of a row.
  @inline(__always)
  func id(_ row: Row) -> UnsafeRawBufferPointer { texts.text(Int(row.text), Int(row.idCount)) }

  /// The metadata of a row.
  @inline(__always)
  func metadata(_ row: Row) -> UnsafeRawBufferPointer {
    texts.text(Int(row.text) + Int(row.idCount), Int(row.metadataCount))
  }

  /// The id and metadata of a row.
  @inline(__always)
  func text(_ row: Row) -> UnsafeRawBufferPointer { texts.text(Int(row.text), row.textCount) }

  /// The components of row `number`, after `check`.
  @inline(__always)
  func vector(_ number: Int) -> UnsafeMutableRawPointer { vectors.address(number) }

  /// Makes sure that the vector of row `number` is what was written: fails with `corrupt` when a
  /// mapped snapshot's block is not.
  @inline(__always)
  func check(_ number: Int) throws(StoreError) {
    if let unchecked { try unchecked.check(number >> vectors.shift) }
  }

  /// Makes room for `count` more records.
  func reserve(_ more: Int) { index.reserve(count + more) }

  /// The row of a key, or nil.
  @inline(__always)
  func find(namespace: RawSpan, id: RawSpan) -> Int? {
    guard let number = namespaces.number(namespace) else { return nil }
    return find(namespace: number, id: id, hash: KeyHash.hash(namespace: number, id: id))
  }

  /// The row of a key, or nil.
  func find(_ key: Store.Key) -> Int? {
    find(namespace: key.namespace.span.bytes, id: key.id.span.bytes)
  }

  @inline(__always)
  func find(namespace: UInt32, id: RawSpan, hash: UInt32) -> Int? {
    var probe = index.firstProbe(hash)
    while let entry = index.entry(at: probe) {
      if entry.hash == hash {
        let row = row(entry.row)
        if row.namespace == namespace, Int(row.idCount) == id.byteCount,
          RawSpan(_unsafeBytes: self.id(row)).sameBytes(as: id)
        {
          return entry.row
        }
      }
      probe = index.nextProbe(probe)
    }
    return nil
  }
}
