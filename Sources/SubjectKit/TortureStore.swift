@_exported public import StorageInterface
@_exported public import SubjectProtocol

/// A store of yours, as the harness drives it: in this process on the simulated disk, and on a real
/// mount in a process of its own.
///
/// It reaches its files through `Storage` alone; that is what can be crashed. A method returns only
/// when what the contract says of its answer holds. To fail it throws an `Errno`, which is told as
/// `full` or `io`, or a `StoreFailure`; anything else is told as `io`.
public protocol TortureStore: AnyObject, SendableMetatype {
  /// Its name, what it promises, and what it can do.
  static var description: SubjectDescription { get }
  /// Opens what is in the directory that `files` is rooted at: at first nothing is.
  init(files: any Storage, options: StoreOptions) throws
  /// Stores `value` under `key`, replacing what is there.
  func put(_ key: RecordKey, _ value: RecordValue) throws
  /// Removes `key`; what is not there is no error.
  func delete(_ key: RecordKey) throws
  /// Every record.
  func records() throws -> [(key: RecordKey, value: RecordValue)]
  /// One record; looks through `records` unless you have something better.
  func get(_ key: RecordKey) throws -> RecordValue?
  /// A barrier, where the contract says so.
  func flush() throws
  /// Ends the use of the store.
  func close() throws
  /// Every other request that `description` claims: `batch`, `begin`, `clear`, `search`…
  func answer(_ request: Request) throws -> Answer
}

extension TortureStore {
  /// Looks through all records.
  public func get(_ key: RecordKey) throws -> RecordValue? {
    try records().first { $0.key == key }?.value
  }
  /// Nothing.
  public func flush() throws {}
  /// Nothing.
  public func close() throws {}
  /// Not supported.
  public func answer(_ request: Request) throws -> Answer {
    throw StoreFailure(.unsupported, "\(request.name.rawValue) is not supported")
  }
}

extension SubjectDescription {
  /// What the methods of a `TortureStore` do, promised by `contract`.
  public init(_ name: String, _ contract: Contract, features: Set<Feature> = [.metadata]) {
    self.init(
      name: name, contract: contract,
      operations: [.hello, .open, .put, .delete, .get, .dump, .flush, .close], features: features)
  }
}

/// What a store is opened with.
public struct StoreOptions: Sendable {
  /// How many components every vector has.
  public var dimension: Int
  /// The options of the scenario.
  public var json: JSONValue
  /// Where a clock begins, in nanoseconds; derived from the seed. Take no other time.
  public var clock: UInt64
}

/// A failure with its kind.
public struct StoreFailure: Error {
  /// What it means for the history: after `io`, `full` and `corrupt` it may have happened.
  public var kind: FailureKind
  /// For people.
  public var message: String

  /// Makes a failure.
  public init(_ kind: FailureKind, _ text: String) { (self.kind, message) = (kind, text) }
}

/// A store behind the requests of the protocol.
final class KitSubject<Store: TortureStore>: Subject {
  private let openFiles: (String) throws(Errno) -> any Storage
  private var store: Store?

  init(_ openFiles: @escaping (String) throws(Errno) -> any Storage) { self.openFiles = openFiles }

  func answer(_ request: Request) -> Answer {
    do {
      return try perform(request)
    } catch let failure as StoreFailure {
      return .failed(failure.kind, message: failure.message)
    } catch let error as Errno {
      let isFull = error == .noSpace || error == .quotaExceeded
      return .failed(isFull ? .full : .io, message: "\(error)")
    } catch {
      return .failed(.io, message: "\(error)")
    }
  }

  private func perform(_ request: Request) throws -> Answer {
    if case .hello = request { return .hello(Store.description) }
    if case .open(let directory, let dimension, let json) = request {
      // What was open and not closed is dropped as by a crash.
      store = nil
      var clock = 0.0
      if case .number(let start)? = json["clock"] { clock = start }
      store = try Store(
        files: try openFiles(directory),
        options: StoreOptions(dimension: dimension, json: json, clock: UInt64(exactly: clock) ?? 0))
      return .ok
    }
    guard let store else { throw StoreFailure(.invalid, "no store is open") }
    switch request {
    case .mutate(.put(let key, let value), nil): try store.put(key, value)
    case .mutate(.delete(let key), nil): try store.delete(key)
    case .get(let key, nil): return .record(try store.get(key))
    case .dump: return .dump(try store.records().reduce(into: Dump()) { $0.append($1.0, $1.1) })
    case .flush: try store.flush()
    case .close:
      self.store = nil
      try store.close()
    default: return try store.answer(request)
    }
    return .ok
  }
}
