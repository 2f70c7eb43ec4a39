import Determinism
import SubjectProtocol

/// A dump in the numbers of a key table.
struct Reading: Sendable {
  var shown: Question.Shown
  /// By key: the row that shows it, −1 for none.
  var rows: [Int]
  /// Rows of keys that nobody ever named.
  var foreign: [Int] = []
  /// Rows whose key another row before them shows.
  var duplicates: [Int] = []
  /// Listed namespaces that nobody ever named.
  var foreignNamespaces: [[UInt8]] = []

  /// Whether it has what no history explains.
  var isMalformed: Bool {
    !foreign.isEmpty || !duplicates.isEmpty || !foreignNamespaces.isEmpty
  }

  init(_ dump: Dump, _ table: KeyTable) {
    let none = [Digest](repeating: .zero, count: table.count)
    var cared = [Bool](repeating: true, count: table.count)
    for key in cared.indices where table.isNamespace(key) {
      cared[key] = dump.namespaces != nil && table.isJudged[key]
    }
    shown = Question.Shown(digests: none, cared: cared)
    rows = Array(repeating: -1, count: table.count)
    for row in 0..<dump.count {
      let key = dump.key(row)
      guard let number = table[key], !key.id.isEmpty else {
        foreign.append(row)
        continue
      }
      guard rows[number] < 0 else {
        duplicates.append(row)
        continue
      }
      rows[number] = row
      shown.digests[number] = recordDigest(key, dump.value(row))
      // A namespace with a record in it may be listed or not: the record tells enough.
      if !key.namespace.isEmpty,
        let namespace = table[RecordKey(namespace: key.namespace, id: [])]
      {
        shown.cared[namespace] = false
      }
    }
    for namespace in dump.namespaces ?? [] where !namespace.isEmpty {
      if let number = table[RecordKey(namespace: namespace, id: [])] {
        shown.digests[number] = Version.namespaceDigest
      } else {
        foreignNamespaces.append(namespace)
      }
    }
  }

  /// Shows nothing yet, for reading key by key.
  init(nothingOf table: KeyTable) {
    shown = Question.Shown(
      digests: Array(repeating: .zero, count: table.count),
      cared: Array(repeating: false, count: table.count))
    rows = Array(repeating: -1, count: table.count)
  }

  /// Adds what one read showed.
  mutating func show(_ key: Int, _ digest: Digest) {
    shown.cared[key] = true
    shown.digests[key] = digest
  }
}
