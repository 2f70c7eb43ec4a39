public import StorageInterface

/// A store of vectors with metadata, durable by a write-ahead log.
///
/// Every mutation is in the log and synced before the call that makes it returns; after a crash the
/// store holds every mutation that returned, in order, and of those that did not return or failed,
/// at most the newest ones. What it serves after opening is durable. Reads are answered from memory.
///
/// A failed barrier makes the store read-only until it is opened again. Not thread-safe.
public final class Store {
  /// What names a record: both parts are bytes and compared as bytes.
  public struct Key: Hashable, Sendable {
    /// The namespace; empty is the default one. At most 64 KiB.
    public var namespace: [UInt8]
    /// The id; 1 byte to 64 KiB.
    public var id: [UInt8]

    /// Makes a key.
    public init(namespace: [UInt8] = [], id: [UInt8]) {
      self.namespace = namespace
      self.id = id
    }
  }

  /// One change of one record.
  public enum Mutation: Sendable {
    /// Stores a vector and metadata under a key, replacing what is there. The vector is kept bit
    /// for bit; the metadata's bytes mean nothing to the store.
    case put(Key, vector: [Float], metadata: [UInt8])
    /// Removes a record; removing what is not there is no error.
    case delete(Key)

    /// The record it concerns.
    public var key: Key {
      switch self {
      case .put(let key, _, _), .delete(let key): key
      }
    }
  }

  /// How the store was opened.
  public let options: StoreOptions
  /// What opening met.
  public let recovery: RecoveryReport

  /// The files below.
  let storage: any Storage
  var log: WriteAheadLog
  var table: RecordTable
  /// The mutations of each open transaction, in order.
  var transactions: [UInt64: [Mutation]] = [:]
  /// The number of the snapshot that the log continues; 0 for none.
  var checkpointNumber: UInt64
  /// Above every checkpoint number seen.
  var nextCheckpoint: UInt64
  /// Room for one record, reused.
  var buffer: [UInt8] = []
  private var isOpen = true

  /// Opens the store in the storage's directory, which exists; an empty one is a new store.
  ///
  /// Writes only if the newest records are not proven durable; then they are, when it returns.
  /// Fails with `corrupt` when bytes that had been synced are not what was written, with `invalid`
  /// when the options do not fit the files, and with `io` or `full` when the storage does.
  public init(storage: any Storage, options: StoreOptions) throws(StoreError) {
    try options.check()
    let recovered = try Recovery(files: StoreFiles(storage: storage), options: options)
    self.storage = storage
    self.options = options
    recovery = recovered.report
    log = recovered.log
    table = recovered.table
    checkpointNumber = recovered.checkpoint
    nextCheckpoint = recovered.nextCheckpoint
  }

  /// Letting go of a store is a process crash to it: files are closed and nothing is written.
  deinit { log.segment?.close() }

  /// Closes the store. Everything acknowledged is durable already; a mark is written, unsynced, so
  /// that the next open need not copy the newest record. Open transactions are dropped. Every later
  /// call fails with `invalid`.
  public func close() {
    guard isOpen else { return }
    isOpen = false
    transactions.removeAll()
    log.close()
  }

  /// Fails with `invalid` after `close`.
  func requireOpen() throws(StoreError) {
    guard isOpen else { throw .invalid(reason: "the store is closed") }
  }
}
