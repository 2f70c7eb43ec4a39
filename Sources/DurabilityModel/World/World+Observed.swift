public import StorageInterface

// Calls that are seen by other means than the file system come with a file, and without the number
// of its open description.
extension World {
  /// The description that a call is taken to have come through.
  public struct ObservedHandle: Sendable, Equatable {
    /// The description, or nil for a directory, of which the world keeps none.
    public var identifier: HandleID?
  }

  /// A description of inode `number` that stands for all of them; nil where they differ in the
  /// errors they have yet to report, so that none can.
  ///
  /// - Throws: `EBADF` when a file is not open.
  public func observedHandle(of number: InodeNumber) throws(Errno) -> ObservedHandle? {
    guard try inode(number).kind == .regular else {
      // A directory's description would report a failed write-back to syncfs once.
      return disk.errors.count == 0 ? ObservedHandle(identifier: nil) : nil
    }
    var found: (index: Int, description: Description)?
    for (index, description) in descriptions.enumerated() {
      guard let description, description.inode == number else { continue }
      if let found {
        guard found.description.knowsAsMuch(as: description) else { return nil }
      } else {
        found = (index, description)
      }
    }
    guard let found else { throw .badFileDescriptor }
    return ObservedHandle(identifier: HandleID(UInt32(found.index)))
  }
}
