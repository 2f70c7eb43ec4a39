import SubjectProtocol

/// Small numbers for keys, so that states are arrays and comparing keys is comparing numbers.
///
/// The existence of a namespace is a key of its own: the one with the empty id, which no record
/// has.
struct KeyTable: Sendable {
  private var numbers: [RecordKey: Int] = [:]
  private(set) var keys: [RecordKey] = []
  /// By key: whether the existence of this namespace can be judged.
  private(set) var isJudged: [Bool] = []

  var count: Int { keys.count }

  subscript(key: RecordKey) -> Int? { numbers[key] }

  mutating func number(_ key: RecordKey) -> Int {
    if let known = numbers[key] { return known }
    let number = keys.count
    numbers[key] = number
    keys.append(key)
    isJudged.append(true)
    return number
  }

  func isNamespace(_ key: Int) -> Bool { keys[key].id.isEmpty }

  /// A `put` into a namespace that may not exist creates it or not: nobody promised either.
  mutating func leaveUnjudged(_ namespace: Int) { isJudged[namespace] = false }

  /// The records of `namespace` known so far, of every namespace when nil.
  func records(in namespace: [UInt8]?) -> [Int] {
    keys.indices.filter { index in
      !keys[index].id.isEmpty && (namespace == nil || keys[index].namespace == namespace)
    }
  }
}
