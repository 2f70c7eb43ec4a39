/// Every mutating operation and barrier of one epoch, in one order, and who asked for it.
public struct Recording {
  /// The disk the epoch began with.
  public let start: Disk
  /// The operations, in issue order.
  public private(set) var operations: [RecordedOperation] = []

  /// An empty recording of an epoch that begins with `start`.
  public init(start: Disk) { self.start = start }

  /// The same operations on the same start, under other assumptions about the disk: what another
  /// persistence model would have permitted.
  ///
  /// Only where no live fault fired: errno, cache and later calls depend on the model then
  /// (disk.md, "Models are a partial order"). What was pending at the start stays pending.
  public func under(_ parameters: DiskParameters) -> Recording {
    var start = start
    start.parameters = parameters
    var recording = Recording(start: start)
    recording.operations = operations
    return recording
  }

  /// The disk after the first `count` operations, at most as many as there are.
  public func disk(after count: Int) -> Disk {
    var disk = start
    for recorded in operations[..<count] { disk.apply(recorded.operation) }
    return disk
  }

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
