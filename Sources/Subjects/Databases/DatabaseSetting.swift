public import SubjectProtocol

/// One setting of a real database: the name that chooses it, and what its documentation promises.
///
/// The databases themselves are linked by the program `torture-databases` alone; whoever lists or
/// judges settings needs none of them.
public struct DatabaseSetting: Sendable {
  /// The name, as `torture run --subject` takes it.
  public var name: String
  /// The database.
  public var engine: Engine
  /// How it is set, in the database's own words.
  public var setting: String
  /// What the documentation promises, in its own few words; they stand on the contract page too.
  public var promise: String
  /// Where the documentation says so.
  public var source: String
  /// The promise as a contract.
  public var contract: Contract

  /// A database.
  public enum Engine: String, Sendable, CaseIterable {
    case sqlite = "SQLite"
    case lmdb = "LMDB"
    case levelDB = "LevelDB"
    case rocksDB = "RocksDB"

    /// The contract page, from the package's root.
    public var page: String { "Sources/DatabaseSubjects/DatabaseSubjects.docc/\(rawValue).md" }

    /// What every setting of this database supports.
    public var operations: Set<OperationName> {
      let all: Set<OperationName> = [
        .hello, .open, .put, .delete, .batch, .createNamespace, .dropNamespace, .clear, .get,
        .dump, .close,
      ]
      let transactions: Set<OperationName> = [.begin, .commit, .abort]
      return switch self {
      case .sqlite: all.union(transactions)
      case .lmdb: all.union(transactions).union([.flush])
      case .levelDB, .rocksDB: all.union([.flush, .checkpoint])
      }
    }
  }

  /// Whether it promises that an acknowledged write survives a loss of power.
  public var isDurable: Bool { contract.acknowledgementAfterPowerLoss == .durable }

  /// What the subject says of itself.
  public var description: SubjectDescription {
    var operations = engine.operations
    var features: Set<Feature> = [.metadata, .namespaces, .nonFinite, .nulIDs]
    switch engine {
    case .sqlite:
      // The log's index is a shared mapping, and the log alone can be checkpointed.
      if name.hasPrefix("sqlite-wal") {
        operations.insert(.checkpoint)
        features.insert(.memoryMap)
      }
    case .lmdb, .levelDB: features.insert(.memoryMap)
    case .rocksDB: break
    }
    return SubjectDescription(
      name: name, contract: contract, operations: operations, features: features)
  }

  /// Every setting, database by database, the durable ones first.
  public static let all = sqlite + lmdb + levelDB + rocksDB

  /// The setting called `name`, if there is one.
  public static func named(_ name: String) -> DatabaseSetting? { all.first { $0.name == name } }
}
