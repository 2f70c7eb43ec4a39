import StorageInterface
import Testing

@testable import ReferenceStore

/// The records of a store as text, comparable and printable: `ns/id=v1,v2;meta`.
typealias State = [String: String]

let testDimension = 2

/// Opens a store with small segments.
func openStore(
  _ disk: TestDisk, segmentBytes: Int = 512, trace: RecoveryTrace = RecoveryTrace(),
  _ configure: (inout StoreOptions) -> Void = { _ in }
) throws(StoreError) -> Store {
  var options = StoreOptions(dimension: testDimension, segmentBytes: segmentBytes)
  options.unknownNamespaces = .created
  configure(&options)
  return try Store(storage: disk, options: options, trace: trace)
}

/// What `store` holds.
func state(of store: Store) throws(StoreError) -> State {
  var state = State()
  try store.visit { namespace, id, vector, metadata in
    let key = String(decoding: namespace, as: UTF8.self) + "/" + String(decoding: id, as: UTF8.self)
    let numbers = (0..<vector.count / 4).map {
      String(vector.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self), radix: 16)
    }
    precondition(state[key] == nil, "a key is there twice")
    state[key] =
      numbers.joined(separator: ",") + ";" + String(decoding: metadata, as: UTF8.self)
  }
  return state
}

/// What a crash-free reader would see after `mutation`.
func applying(_ mutation: Store.Mutation, to state: State) -> State {
  var state = state
  let key =
    String(decoding: mutation.key.namespace, as: UTF8.self) + "/"
    + String(decoding: mutation.key.id, as: UTF8.self)
  switch mutation {
  case .put(_, let vector, let metadata):
    state[key] =
      vector.map { String($0.bitPattern, radix: 16) }.joined(separator: ",") + ";"
      + String(decoding: metadata, as: UTF8.self)
  case .delete: state[key] = nil
  }
  return state
}

/// A put with content that depends on `number` alone.
func samplePut(_ id: String, _ number: Int, namespace: String = "") -> Store.Mutation {
  .put(
    Store.Key(namespace: Array(namespace.utf8), id: Array(id.utf8)),
    vector: [Float(number), Float(-number)], metadata: Array("{\"n\":\(number)}".utf8))
}

/// The error that `body` throws, or nil.
func storeError(_ body: () throws(StoreError) -> Void) -> StoreError? {
  do throws(StoreError) {
    try body()
    return nil
  } catch {
    return error
  }
}

/// Whether `error` is `corrupt`, and where.
func corruption(_ error: StoreError?) -> (file: String, offset: UInt64)? {
  guard case .corrupt(let file, let offset, _) = error else { return nil }
  return (file, offset)
}

extension TestDisk {
  /// A disk that holds just these files, all durable.
  convenience init(files: [(name: String, bytes: [UInt8])]) {
    self.init()
    for (name, bytes) in files {
      names[name] = inodes.count
      durableNames[name] = inodes.count
      inodes.append(Inode(cached: bytes, durable: bytes))
    }
  }

  /// The files as a reader sees them, by name.
  var files: [(name: String, bytes: [UInt8])] {
    names.sorted { $0.key < $1.key }.map { ($0.key, inodes[$0.value].cached) }
  }
}

extension [UInt8] {
  /// Replaces the bytes at `offset` with a number, little-endian.
  mutating func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeMutableBytes {
      $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
    }
  }
}
