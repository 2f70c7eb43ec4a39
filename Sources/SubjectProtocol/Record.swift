public import Determinism

/// What names a record: its namespace and its id, both bytes (valid UTF-8).
public struct RecordKey: Hashable, Sendable, Comparable {
  /// The namespace; empty is the default one.
  public var namespace: [UInt8]
  /// The id; never empty.
  public var id: [UInt8]

  /// Makes a key.
  public init(namespace: [UInt8] = [], id: [UInt8]) {
    self.namespace = namespace
    self.id = id
  }

  /// Orders by namespace, then id, each by byte.
  public static func < (left: RecordKey, right: RecordKey) -> Bool {
    if left.namespace != right.namespace {
      return left.namespace.lexicographicallyPrecedes(right.namespace)
    }
    return left.id.lexicographicallyPrecedes(right.id)
  }
}

/// The metadata of a record: a JSON object in its canonical form, so that equal values are equal
/// bytes.
///
/// The empty byte array stands for `{}` and for absent metadata, which are equal.
public struct Metadata: Hashable, Sendable {
  /// The canonical JSON text, or nothing for the empty object.
  public let canonical: [UInt8]

  /// No metadata, the same as the empty object.
  public static let empty = Metadata(alreadyCanonical: [])

  /// Trusts `bytes` to be canonical; for text that came out of `canonical` before.
  public init(alreadyCanonical bytes: [UInt8]) { canonical = bytes }
}

/// What a record holds.
public struct RecordValue: Sendable {
  /// The vector, compared bit for bit.
  public var vector: [Float]
  /// The metadata.
  public var metadata: Metadata

  /// Makes a value.
  public init(vector: [Float], metadata: Metadata = .empty) {
    self.vector = vector
    self.metadata = metadata
  }

  /// Whether two vectors are the same bit for bit.
  public static func sameBits(_ left: [Float], _ right: [Float]) -> Bool {
    left.count == right.count
      && left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}

extension RecordValue: Equatable {
  /// Vectors bit for bit, metadata as JSON values.
  public static func == (left: RecordValue, right: RecordValue) -> Bool {
    left.metadata == right.metadata && sameBits(left.vector, right.vector)
  }
}

/// The digest of one record; the digest of a state is the sum over its records.
public func recordDigest(
  namespace: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, vector: UnsafeRawBufferPointer,
  metadata: UnsafeRawBufferPointer
) -> Digest {
  var hasher = DigestHasher()
  hasher.combine(bytes: namespace)
  hasher.combine(bytes: id)
  hasher.combine(bytes: vector)
  hasher.combine(bytes: metadata)
  return hasher.finish()
}

/// The digest of one record.
public func recordDigest(_ key: RecordKey, _ value: RecordValue) -> Digest {
  key.namespace.withUnsafeBytes { namespace in
    key.id.withUnsafeBytes { id in
      value.vector.withUnsafeBytes { vector in
        value.metadata.canonical.withUnsafeBytes { metadata in
          recordDigest(namespace: namespace, id: id, vector: vector, metadata: metadata)
        }
      }
    }
  }
}
