internal import ReferenceStore
internal import SubjectProtocol

/// The options of an `open` or `hello` request to the reference. Unknown ones are ignored.
///
/// `sync`: `"every-write"`, `"on-flush"` or `"never"`; or `syncEvery`: N; or `syncMilliseconds`: T.
/// `segmentBytes`, `spareSegments`, `checkpointAfterMutations`, `checkpointAfterLogBytes`,
/// `keptCheckpoints`, `compression`, `mapsSnapshotsFrom`: numbers; `preallocates`, `retainsLog`,
/// `listsNamespaces`: true or false; each as `StoreOptions` has it. `clock`: where a clock begins
/// that goes on by a millisecond each time it is read. `concurrency`: how many requests are
/// answered at once (1 to 64).
struct ReferenceOptions {
  /// What the store is opened with.
  var store: StoreOptions
  /// Whether dumps list the namespaces.
  var listsNamespaces = false
  /// How many requests are answered at once.
  var concurrency = 1
  /// The clock asked for; nil for the subject's own.
  var clock: Store.Clock?

  /// Reads the options; fails with `invalid` where a value is of no use.
  init(dimension: Int, _ options: JSONValue) throws(StoreError) {
    // Small, so that a test's few records fill several segments.
    store = StoreOptions(dimension: dimension, segmentBytes: 64 << 10)
    if case .object(let members) = options, members.isEmpty { return }
    let reader = Reader(options: options)
    if let bytes = try reader.number("segmentBytes") { store.segmentBytes = bytes }
    if let count = try reader.number("spareSegments") { store.spareSegments = count }
    if let count = try reader.number("keptCheckpoints") { store.keptCheckpoints = count }
    if let bytes = try reader.number("mapsSnapshotsFrom") { store.mapsSnapshotsFrom = bytes }
    store.checkpointAfterMutations = try reader.number("checkpointAfterMutations")
    store.checkpointAfterLogBytes = try reader.number("checkpointAfterLogBytes")
    store.compression = try reader.number("compression")
    store.preallocates = try reader.flag("preallocates")
    store.retainsLog = try reader.flag("retainsLog")
    listsNamespaces = try reader.flag("listsNamespaces")
    store.sync = try reader.policy()
    if let count = try reader.number("concurrency") {
      guard (1...64).contains(count) else {
        throw .invalid(reason: "concurrency is \(count), not 1 to 64")
      }
      concurrency = count
    }
    if let start = try reader.number("clock") { clock = Self.clock(from: start) }
  }

  /// A clock that only the store reads, one call at a time.
  private static func clock(from start: Int) -> Store.Clock {
    let ticks = Ticks(UInt64(max(0, start)))
    return { ticks.next() }
  }
}

/// The state of a clock. `@unchecked` because a store reads its clock inside its monitor only.
private final class Ticks: @unchecked Sendable {
  private var now: UInt64

  init(_ start: UInt64) { now = start }

  func next() -> UInt64 {
    now += 1_000_000
    return now
  }
}

/// Reads members of the options.
///
/// By the bytes of static strings: a store that crashes is opened twice for every crash state, and
/// comparing with strings took a sixth of what opening a small one takes.
private struct Reader {
  let options: JSONValue

  private func member(_ name: StaticString) -> JSONValue? {
    guard case .object(let members) = options else { return nil }
    for index in members.indices where Self.isSame(members[index].key, name) {
      return members[index].value
    }
    return nil
  }

  private static func isSame(_ key: [UInt8], _ name: StaticString) -> Bool {
    let count = name.utf8CodeUnitCount
    guard key.count == count else { return false }
    for index in 0..<count where key[index] != name.utf8Start[index] { return false }
    return true
  }

  func number(_ name: StaticString) throws(StoreError) -> Int? {
    switch member(name) {
    case nil: return nil
    case .number(let value):
      guard let number = Int(exactly: value) else {
        throw .invalid(reason: "\(name) is not a whole number")
      }
      return number
    case .null, .bool, .string, .array, .object:
      throw .invalid(reason: "\(name) is not a number")
    }
  }

  func flag(_ name: StaticString) throws(StoreError) -> Bool {
    switch member(name) {
    case nil: return false
    case .bool(let value): return value
    case .null, .number, .string, .array, .object:
      throw .invalid(reason: "\(name) is neither true nor false")
    }
  }

  func policy() throws(StoreError) -> SyncPolicy {
    if let count = try number("syncEvery") { return .every(count) }
    if let time = try number("syncMilliseconds") { return .interval(milliseconds: time) }
    switch member("sync") {
    case nil: return .everyWrite
    case .string(let name):
      switch String(decoding: name, as: UTF8.self) {
      case "every-write": return .everyWrite
      case "on-flush": return .onFlush
      case "never": return .never
      default: break
      }
    case .null, .bool, .number, .array, .object: break
    }
    throw .invalid(reason: "sync is none of \"every-write\", \"on-flush\" and \"never\"")
  }
}
