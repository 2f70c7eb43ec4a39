public import StorageInterface

/// Why an operation of the store failed.
public enum StoreError: Error, Equatable, Sendable {
  /// The storage failed. The mutation may or may not survive a crash; it is not visible now.
  case io(Errno, path: String, doing: String)
  /// The storage has no room. Otherwise the same as `io`.
  case full(path: String, doing: String)
  /// Bytes that had been synced are not what was written. Nothing was changed.
  case corrupt(file: String, offset: UInt64, reason: String)
  /// The store takes no mutations any more until it is opened again; this one did not happen.
  case readOnly(reason: String)
  /// The request makes no sense; nothing was changed.
  case invalid(reason: String)
  /// What the request names is not there; nothing was changed.
  case notFound(reason: String)
  /// The request collides with a transaction; nothing was changed.
  case conflict(reason: String)
  /// This version cannot do it; nothing was changed.
  case unsupported(reason: String)
  /// Another store, here or in another process, has the directory open.
  case locked

  /// The error that the storage's `error` amounts to.
  init(_ error: Errno, path: String, doing: String) {
    switch error {
    case .noSpace, .quotaExceeded: self = .full(path: path, doing: doing)
    default: self = .io(error, path: path, doing: doing)
    }
  }
}

extension StoreError: CustomStringConvertible {
  /// One line: what failed, where, and why.
  public var description: String {
    func place(_ path: String) -> String { path.isEmpty ? "the store's directory" : path }
    return switch self {
    case .io(let error, let path, let doing): "cannot \(doing): \(place(path)): \(error)"
    case .full(let path, let doing): "cannot \(doing): \(place(path)): no space left"
    case .corrupt(let file, let offset, let reason):
      "\(file) is damaged at offset \(offset): \(reason)"
    case .readOnly(let reason): "the store is read-only: \(reason)"
    case .invalid(let reason): "invalid request: \(reason)"
    case .notFound(let reason): "not found: \(reason)"
    case .conflict(let reason): "conflict: \(reason)"
    case .unsupported(let reason): "unsupported: \(reason)"
    case .locked: "locked: another store has the directory open, here or in another process"
    }
  }
}
