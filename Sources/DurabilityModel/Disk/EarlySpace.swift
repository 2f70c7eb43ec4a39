/// Parts of a file that are on the disk ahead of what is pending, or behind it: few files have any,
/// and every crash state copies its inodes, so they stand in a box of their own.
struct EarlySpace: Equatable {
  /// Sectors behind the durable size whose data a write-back brought to the disk: they never show
  /// garbage.
  var writtenAhead = RangeSet()
  /// Pages of preallocated space that pending writes fill: unwritten on the disk until one is done.
  var filling = RangeSet()
}

/// Holds an `EarlySpace` that is not empty.
final class EarlySpaceBox {
  let value: EarlySpace

  init(_ value: EarlySpace) { self.value = value }
}

extension Inode {
  /// Sectors behind the durable size whose data a write-back brought to the disk.
  var writtenAhead: RangeSet {
    get { earlyBox?.value.writtenAhead ?? RangeSet() }
    set { changeEarly { $0.writtenAhead = newValue } }
  }

  /// Pages of preallocated space that pending writes fill.
  var filling: RangeSet {
    get { earlyBox?.value.filling ?? RangeSet() }
    set { changeEarly { $0.filling = newValue } }
  }

  private mutating func changeEarly(_ change: (inout EarlySpace) -> Void) {
    var value = earlyBox?.value ?? EarlySpace()
    change(&value)
    earlyBox = value == EarlySpace() ? nil : EarlySpaceBox(value)
  }
}
