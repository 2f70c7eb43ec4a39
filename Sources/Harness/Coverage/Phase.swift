import DurabilityModel
import Scenarios
import SubjectProtocol

/// What a subject was doing when it made a disk operation.
///
/// Nobody asks the subject: the phase follows from the request that was outstanding and from what
/// happened to files, so that it means the same for every program. Within a request that appends,
/// what follows the making of a file is *rotate*, for that file and for directories; taking bytes
/// or names away is *truncate*. Whatever an `open` does is *recover*.
enum Phase: String, CaseIterable, Sendable {
  /// `open`: recovery, and the making of a new store.
  case recover
  /// A put, delete, batch, or a change of namespaces.
  case append
  /// The end of a transaction.
  case commit
  case abort
  /// A new file was begun in the middle of appending.
  case rotate
  /// `checkpoint`.
  case checkpoint
  /// Files or bytes were given back.
  case truncate
  /// `flush`.
  case flush
  case close
  /// `get`, `search`, `dump`, `stats`.
  case read
  /// No request was outstanding: the subject's own threads, and write-back without a call.
  case background

  /// The phase of everything that `request` does, as far as the request alone tells.
  init(of request: Request) {
    self =
      switch request {
      case .open: .recover
      case .mutate, .batch, .begin, .createNamespace, .dropNamespace, .clear: .append
      case .commit: .commit
      case .abort: .abort
      case .checkpoint: .checkpoint
      case .flush: .flush
      case .close: .close
      case .hello, .get, .search, .dump, .stats: .read
      }
  }

  /// Whether making a file within it is a rotation.
  private var appends: Bool {
    switch self {
    case .append, .commit, .flush: true
    case .recover, .abort, .rotate, .checkpoint, .truncate, .close, .read, .background: false
    }
  }

  /// The phase of each request of `epoch`, by its number.
  static func requests(of epoch: RecordedEpoch) -> [UInt64: Phase] {
    var requests: [UInt64: Phase] = [:]
    for sent in epoch.requests { requests[sent.number] = Phase(of: sent.request) }
    return requests
  }

  /// The phase of each operation of `epoch`.
  static func phases(of epoch: RecordedEpoch) -> [Phase] {
    let requests = requests(of: epoch)
    var phases: [Phase] = []
    phases.reserveCapacity(epoch.recording.operations.count)
    var current: UInt64?
    var made: Set<InodeNumber> = []
    for recorded in epoch.recording.operations {
      if recorded.request != current {
        current = recorded.request
        made.removeAll(keepingCapacity: true)
      }
      let asked = requests[recorded.request] ?? .background
      phases.append(refined(asked, recorded.operation, &made))
    }
    return phases
  }

  private static func refined(
    _ asked: Phase, _ operation: DiskOperation, _ made: inout Set<InodeNumber>
  ) -> Phase {
    guard asked != .recover, asked != .background else { return asked }
    switch operation {
    case .unlink, .removeDirectory, .setSize: return .truncate
    case .create(_, _, let inode, _, _, _, _, _):
      guard asked.appends else { return asked }
      made.insert(inode)
      return .rotate
    case .write(let inode, _, _), .synchronize(let inode, _), .synchronizeRange(let inode, _),
      .allocate(let inode, _, _, _):
      return made.contains(inode) ? .rotate : asked
    case .link, .rename, .synchronizeDirectory: return made.isEmpty ? asked : .rotate
    case .setAttributes, .setExtendedAttribute, .setTimes, .failedSynchronize,
      .failedSynchronizeDirectory, .stop, .reportError, .writeBack, .dropPages, .evict,
      .synchronizeFileSystem:
      return asked
    }
  }
}
