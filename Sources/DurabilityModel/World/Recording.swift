/// Every mutating operation and barrier of one epoch, in one order, and who asked for it.
public struct Recording {
  /// The disk the epoch began with.
  public let start: Disk
  /// The operations, in issue order.
  public private(set) var operations: [RecordedOperation] = []

  /// An empty recording of an epoch that begins with `start`.
  public init(start: Disk) { self.start = start }

  /// Adds an operation.
  mutating func append(_ operation: DiskOperation, request: UInt64, role: FileRole, nth: Int) {
    operations.append(
      RecordedOperation(operation: operation, request: request, role: role, nth: nth))
  }
}

/// One operation of a recording.
public struct RecordedOperation {
  /// What was done.
  public var operation: DiskOperation
  /// The request that was outstanding.
  public var request: UInt64
  /// The role of the file it concerned.
  public var role: FileRole
  /// Which operation of its kind and role within the request it was, from 1.
  public var nth: Int
}
