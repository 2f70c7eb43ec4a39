import SubjectProtocol
import Subjects

/// A database in one of its settings, behind the subject protocol.
final class DatabaseSubject: Subject {
  private let setting: DatabaseSetting
  private var engine: (any Engine)?

  init(_ setting: DatabaseSetting) { self.setting = setting }

  func answer(_ request: Request) -> Answer {
    do throws(DatabaseError) {
      return try perform(request)
    } catch {
      return .failed(error.kind, message: error.message)
    }
  }

  private func perform(_ request: Request) throws(DatabaseError) -> Answer {
    switch request {
    case .hello: return .hello(setting.description)
    case .open(let directory, _, _):
      guard engine == nil else {
        throw DatabaseError(kind: .invalid, message: "a database is open already")
      }
      engine = try open(directory)
    case .mutate(let mutation, let number?): try opened().apply(mutation, in: number)
    case .mutate(let mutation, nil): try opened().apply([mutation])
    case .batch(let mutations): try opened().apply(mutations)
    case .begin(let number): try opened().begin(number)
    case .commit(let number): try opened().commit(number)
    case .abort(let number): try opened().abort(number)
    case .createNamespace(let namespace): try opened().createNamespace(namespace)
    case .dropNamespace(let namespace): try opened().dropNamespace(namespace)
    case .clear(let namespace): try opened().clear(namespace)
    case .flush: try opened().flush()
    case .checkpoint: try opened().checkpoint()
    case .get(let key, let number): return .record(try opened().get(key, in: number))
    case .dump: return .dump(try opened().dump())
    case .search, .stats: throw .unsupported("a \(setting.engine.rawValue) database has none")
    case .close:
      defer { engine = nil }
      try opened().close()
    }
    return .ok
  }

  private func opened() throws(DatabaseError) -> any Engine {
    guard let engine else { throw DatabaseError(kind: .invalid, message: "no database is open") }
    return engine
  }

  private func open(_ directory: String) throws(DatabaseError) -> any Engine {
    let words = setting.name.split(separator: "-").map(String.init)
    switch setting.engine {
    case .sqlite: return try SQLiteEngine(directory, journal: words[1], synchronous: words[2])
    case .lmdb: return try LMDBEngine(directory, mode: words.count > 1 ? words[1] : "")
    case .levelDB:
      return KeyValueEngine(try LevelDBStore(directory, syncs: words[1] == "sync"))
    case .rocksDB:
      return KeyValueEngine(
        try RocksDBStore(directory, syncs: words[1] == "sync", hasLog: words[1] != "nowal"))
    }
  }
}
