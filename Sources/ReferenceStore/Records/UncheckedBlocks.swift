internal import Locks
internal import StorageInterface

/// The blocks of vectors of a mapped snapshot, each checked once, before it is first used.
///
/// It also keeps the mapping: what stands on it may be used as long as this lives.
final class UncheckedBlocks {
  private let storage: any Storage
  private let mapping: UnsafeMutableRawBufferPointer
  private let path: String
  private let section: SnapshotSection
  private let checkpoint: UInt64
  private let sums: [UInt32]
  private var isChecked: [Bool]
  private let monitor = Monitor()

  /// Blocks of the `section` of vectors in a mapping of the snapshot at `path`, with their
  /// checksums.
  init(
    _ mapping: UnsafeMutableRawBufferPointer, storage: any Storage, path: String,
    section: SnapshotSection, checkpoint: UInt64, sums: [UInt32]
  ) {
    self.mapping = mapping
    self.storage = storage
    self.path = path
    self.section = section
    self.checkpoint = checkpoint
    self.sums = sums
    isChecked = [Bool](repeating: false, count: sums.count)
  }

  deinit { storage.unmap(mapping) }

  /// Whether a block of the mapping was not checked. Blocks behind the mapping's need no check.
  func isUnchecked(_ block: Int) -> Bool {
    monitor.enter()
    defer { monitor.leave() }
    return block < isChecked.count && !isChecked[block]
  }

  /// Checks a block unless it was; fails with `corrupt` when it is not what was written.
  func check(_ block: Int) throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    guard block < isChecked.count, !isChecked[block] else { return }
    let range = section.plainRange(of: block)
    let start = Int(section.dataOffset) + range.lowerBound
    let bytes = UnsafeRawBufferPointer(rebasing: mapping[start..<start + range.count])
    guard
      SnapshotSection.checksum(
        RawSpan(_unsafeBytes: bytes), checkpoint: checkpoint, kind: section.kind, block: block)
        == sums[block]
    else {
      throw .corrupt(
        file: path, offset: UInt64(start),
        reason: "the snapshot had been synced, and the checksum of this block does not match")
    }
    isChecked[block] = true
  }
}
