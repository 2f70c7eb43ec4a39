internal import Locks
public import StorageInterface

/// A store of vectors with metadata, durable by a write-ahead log.
///
/// Under the policy `everyWrite` every mutation is in the log and synced before the call that makes
/// it returns; under the others it is so after the next barrier. After a crash the store holds a
/// prefix of the mutations, in the order of their LSNs, with every durable one, and of those that
/// failed any. What it serves after opening is durable. Reads are answered from memory.
///
/// A failed barrier makes the store read-only until it is opened again. Any number of threads may
/// use a store at once: reads go on beside one another and while records are on their way to the
/// disk, and mutations that wait at once share a barrier. `@unchecked` because the compiler cannot
/// see the two locks: `monitor` holds the log and all that leads to it, `tableLock` the records,
/// which are changed under both. For the same reason its properties are not checked for exclusive
/// access while the program runs.
public final class Store: @unchecked Sendable {
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

  /// What must hold of a record for it to be put.
  public enum Condition: Sendable {
    /// Nothing: insert or update.
    case always
    /// It is not there: insert. Else the put fails with `conflict`.
    case absent
    /// It is there: update. Else the put fails with `notFound`.
    case present
  }

  /// A clock: nanoseconds since any beginning, the same from one open to the next. It may stand
  /// still or step back.
  public typealias Clock = @Sendable () -> UInt64

  /// How the store was opened.
  public let options: StoreOptions
  /// What opening met.
  public let recovery: RecoveryReport

  /// Holds everything below but the records.
  let monitor = Monitor()
  /// Holds the records, and `isOpen` for readers.
  let tableLock = ReadWriteLock()
  /// The storage with errors that say what failed where.
  let files: StoreFiles
  let clock: Clock
  @exclusivity(unchecked) var log: WriteAheadLog
  let table: RecordTable
  /// The mutations of each open transaction, in order.
  @exclusivity(unchecked) var transactions: [UInt64: [TransactionStep]] = [:]
  /// The numbers of the snapshots that are kept, oldest first; the log continues the last.
  @exclusivity(unchecked) var checkpoints: [UInt64]
  /// Above every checkpoint number seen.
  @exclusivity(unchecked) var nextCheckpoint: UInt64
  /// How many mutations were made since the last checkpoint, or the last attempt at one.
  @exclusivity(unchecked) var mutationsSinceCheckpoint = 0
  /// Why the last automatic checkpoint failed.
  @exclusivity(unchecked) var checkpointFailure: StoreError?
  /// When the last barrier of the policy `interval` was.
  @exclusivity(unchecked) var lastBarrier: UInt64
  /// The threads that share a barrier.
  @exclusivity(unchecked) var group = CommitGroup()
  /// How many threads wait until nothing is on its way.
  @exclusivity(unchecked) var quiescing = 0
  /// Whether a change of namespaces is staged or on its way, so that whether one is there cannot
  /// be told.
  @exclusivity(unchecked) var namespacesAreChanging = false
  @exclusivity(unchecked) private(set) var isOpen = true

  /// Opens the store in the storage's directory, which exists; an empty one is a new store.
  ///
  /// Writes only if the newest records are not proven durable; then they are, when it returns.
  /// Fails with `corrupt` when bytes that had been synced are not what was written, `locked` when
  /// the directory is in use, `unsupported` when a newer version wrote it, `notFound` when there is
  /// no store and none is to be made, `invalid` when the options do not fit the files, and `io` or
  /// `full` when the storage does. Takes time linear in the log, and in the names and metadata of
  /// the newest checkpoint; the checkpoint's vectors are read when they are first used. The rows of
  /// the recovery table that are met are noted in `trace`, also where opening fails.
  public init(
    storage: any Storage, options: StoreOptions, clock: @escaping Clock = { 0 },
    trace: RecoveryTrace = RecoveryTrace()
  ) throws(StoreError) {
    try options.check()
    files = StoreFiles(storage: storage)
    let recovered: Recovery
    do throws(StoreError) {
      try files.lock()
      recovered = try Recovery(files: files, options: options, clock: clock, trace: trace)
    } catch {
      trace.note(error)
      throw error
    }
    trace.note(recovered.report.rows)
    self.options = options
    self.clock = clock
    recovery = recovered.report
    log = recovered.log
    table = recovered.table
    checkpoints = recovered.checkpoints
    nextCheckpoint = recovered.nextCheckpoint
    lastBarrier = clock()
  }

  /// Letting go of a store is a process crash to it: files are closed and nothing is written.
  deinit { log.abandon() }

  /// Closes the store: makes every acknowledged mutation durable (not under `never`), and leaves a
  /// mark, unsynced, so that the next open need not copy the newest record. Open transactions are
  /// dropped. Every later call fails with `invalid`, also when this one fails: with `io` or `full`,
  /// or with `read-only` when a barrier had failed and acknowledged mutations are not durable.
  public func close() throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    guard isOpen else { return }
    quiesce()
    tableLock.enterWriting()
    isOpen = false
    tableLock.leave()
    transactions.removeAll()
    defer {
      log.close(time: clock())
      files.storage.unlockDirectory()
    }
    if let reason = log.readOnlyReason {
      if options.sync == .never || log.volatileEffects == 0 { return }
      throw .readOnly(reason: "\(reason), and what came since the last one is not durable")
    }
    switch options.sync {
    case .never: try log.writeStaged()
    case .everyWrite, .every, .interval, .onFlush: try log.makeDurable()
    }
  }

  /// Fails with `invalid` after `close`.
  func requireOpen() throws(StoreError) {
    guard isOpen else { throw .invalid(reason: "the store is closed") }
  }
}
