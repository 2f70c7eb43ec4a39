// Where data is and where holes are.
extension FileContent {
  /// The offset of the first byte from `offset` on that lies in a page with data; nil when only
  /// holes follow.
  func firstData(from offset: UInt64) -> UInt64? {
    var index = Int(offset) / Page.size
    if hasPage(index) { return offset }
    while index < pageLimit {
      if hasPage(index) { return UInt64(index * Page.size) }
      index += 1
    }
    return nil
  }

  /// The offset of the first byte from `offset` on that lies in a hole.
  func firstHole(from offset: UInt64) -> UInt64 {
    var index = Int(offset) / Page.size
    if !hasPage(index) { return offset }
    while hasPage(index) { index += 1 }
    return UInt64(index * Page.size)
  }
}
