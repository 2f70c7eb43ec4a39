import Testing

@testable import ReferenceStore

@Suite("Elements in blocks and slabs")
struct BlockColumnTests {
  /// Up to 24 MiB, beyond the blocks that are allocated one by one.
  @Test("Elements keep their bytes however a column grows and shrinks", arguments: 1...6)
  func keepsElements(seed: Int) {
    var random = TestRandom(seed: UInt64(seed))
    let stride = [8, 32, 500, 4000, 100_000, 300_000][seed - 1]
    let limit = (24 << 20) / stride
    var column = BlockColumn(stride: stride, shift: BlockColumn.shift(stride: stride))
    defer { column.deallocate() }
    var count = 0
    for _ in 0..<12 {
      let wanted = random.below(4) == 0 ? random.below(40) : random.below(limit)
      if wanted > count {
        column.reserve(wanted)
        for index in count..<wanted { mark(column, index) }
      } else {
        column.shrink(to: wanted)
      }
      count = wanted
      #expect(column.capacity >= count)
      let wrong = (0..<count).first { !isMarked(column, $0) }
      #expect(wrong == nil, "seed \(seed): an element of \(stride) bytes, of \(count)")
    }
  }

  /// Writes an element's number into its first and last eight bytes.
  private func mark(_ column: BlockColumn, _ index: Int) {
    let address = column.address(index)
    address.storeBytes(of: UInt64(index), toByteOffset: 0, as: UInt64.self)
    address.storeBytes(of: UInt64(index), toByteOffset: column.stride - 8, as: UInt64.self)
  }

  private func isMarked(_ column: BlockColumn, _ index: Int) -> Bool {
    let address = UnsafeRawPointer(column.address(index))
    return address.loadUnaligned(fromByteOffset: 0, as: UInt64.self) == UInt64(index)
      && address.loadUnaligned(fromByteOffset: column.stride - 8, as: UInt64.self) == UInt64(index)
  }
}
