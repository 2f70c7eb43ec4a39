/// The namespaces and their numbers. The default one is number 0, without a name, and always there.
struct NamespaceTable {
  /// One namespace that is or was there.
  struct Namespace {
    /// Its name.
    let name: [UInt8]
    /// Whether it is there.
    var exists: Bool
    /// How many records it has.
    var records: Int
  }

  /// Every namespace that was ever there, by number.
  private(set) var all = [Namespace(name: [], exists: true, records: 0)]
  /// The number of each name, once there are more than a look at each would find as fast.
  private var numbers: [[UInt8]: UInt32] = [:]
  private static var fewNames: Int { 16 }
  /// The number found last: most requests ask for the one before.
  private var last: UInt32 = 0

  /// The number of a namespace that is or was there.
  @inline(__always)
  func number(_ name: RawSpan) -> UInt32? {
    if name.isEmpty { return 0 }
    let newest = all[Int(last)].name
    if newest.span.bytes.sameBytes(as: name) { return last }
    return find(name)
  }

  private func find(_ name: RawSpan) -> UInt32? {
    if all.count > Self.fewNames { return numbers[[UInt8](name)] }
    for number in 1..<max(1, all.count) {
      let other = all[number].name
      if other.span.bytes.sameBytes(as: name) { return UInt32(number) }
    }
    return nil
  }

  /// Whether the namespace is there.
  func exists(_ name: [UInt8]) -> Bool {
    guard let number = number(name.span.bytes) else { return false }
    return all[Int(number)].exists
  }

  /// The number of a namespace, which is there from now on.
  @inline(__always)
  mutating func create(_ name: RawSpan) -> UInt32 {
    if name.isEmpty { return 0 }
    if let number = number(name) {
      all[Int(number)].exists = true
      last = number
      return number
    }
    let number = UInt32(all.count)
    all.append(Namespace(name: [UInt8](name), exists: true, records: 0))
    if all.count > Self.fewNames { note(number) }
    last = number
    return number
  }

  private mutating func note(_ number: UInt32) {
    if numbers.isEmpty {
      for earlier in 1..<number { numbers[all[Int(earlier)].name] = earlier }
    }
    numbers[all[Int(number)].name] = number
  }

  /// Notes that a namespace is gone.
  mutating func drop(_ number: UInt32) { if number != 0 { all[Int(number)].exists = false } }

  /// Notes that a namespace has `difference` more records.
  @inline(__always)
  mutating func add(_ difference: Int, to number: UInt32) {
    all[Int(number)].records += difference
  }

  /// Notes that no namespace has any record.
  mutating func removeRecords() {
    for index in all.indices { all[index].records = 0 }
  }
}
