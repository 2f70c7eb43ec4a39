/// The keys of an object seen so far, to refuse the second of two equal ones.
///
/// Few keys are compared one by one; many are hashed, so that a flood of keys costs linear time.
struct KeySet {
  private var few: [[UInt8]] = []
  private var many: Set<[UInt8]> = []
  private static let fewLimit = 16

  /// Adds `key`; an error at `offset` if it is there already.
  mutating func insert(_ key: [UInt8], at offset: Int) throws(JSONError) {
    if few.count < Self.fewLimit {
      if few.contains(key) { throw JSONError(offset: offset, reason: .duplicateKey(key)) }
      few.append(key)
      return
    }
    if many.isEmpty { many.formUnion(few) }
    guard many.insert(key).inserted else {
      throw JSONError(offset: offset, reason: .duplicateKey(key))
    }
  }
}
