/// Attributes that few inodes have.
///
/// An inode keeps them behind one reference, so that all the others pay one word for them, also in
/// every crash state.
struct RareAttributes: Equatable, Sendable {
  /// The extended attributes, sorted by name.
  var extended: [ExtendedAttribute] = []
  /// The mtime that a program set, and the operation by which it did: it counts as long as nothing
  /// changed the file since.
  var modificationTime: SetTime?
  /// The atime that a program set.
  var accessTime: FileTime?
  /// Pages that were given space and never written to (unwritten extents): they read as zeros, and
  /// look like holes to `SEEK_DATA`.
  var preallocated = RangeSet()
  /// Those of them that a barrier covered: where a power cut leaves a hole, they have space still.
  var durablePreallocated = RangeSet()

  /// A time that a program set.
  struct SetTime: Equatable, Sendable {
    var time: FileTime
    var operation: UInt64
  }

  /// One extended attribute.
  struct ExtendedAttribute: Equatable, Sendable {
    var name: [UInt8]
    var value: [UInt8]
  }

  /// Nothing of the kind.
  static let none = RareAttributes()

  /// The place of the attribute `name`, or nil when there is none.
  func index(of name: [UInt8]) -> Int? { extended.firstIndex { $0.name == name } }

  /// Sets the attribute `name`, or removes it when `value` is nil.
  mutating func set(_ name: [UInt8], to value: [UInt8]?) {
    extended.removeAll { $0.name == name }
    guard let value else { return }
    let place =
      extended.firstIndex { name.lexicographicallyPrecedes($0.name) } ?? extended.endIndex
    extended.insert(ExtendedAttribute(name: name, value: value), at: place)
  }
}

/// Holds rare attributes for all who share them; never changed.
final class RareAttributesBox: Sendable {
  let value: RareAttributes

  init(_ value: RareAttributes) { self.value = value }
}
