internal import CVectors

/// Elements of one size in blocks of equally many, so that growing never copies what is there and
/// memory is never twice what it holds.
///
/// The first block grows up to its full size by doubling; a small store takes little. Blocks of a
/// mapped snapshot come first and belong to the mapping. A large column takes its further blocks
/// from slabs in huge pages. The owner frees: `deallocate`.
struct BlockColumn {
  /// The bytes of an element.
  let stride: Int
  /// The binary logarithm of how many elements a block has.
  let shift: Int
  /// Where each block is.
  private var blocks: [UnsafeMutableRawPointer] = []
  /// How many of them belong to a mapping.
  private var mappedBlocks = 0
  /// How many elements the last block has room for.
  private var lastCapacity = 0
  /// Allocations of several blocks each; every block behind the first slab's first is in one.
  private var slabs: [Slab] = []

  /// Memory of several blocks.
  private struct Slab {
    let start: UnsafeMutableRawPointer
    let byteCount: Int
    /// The number of its first block.
    let firstBlock: Int
  }

  /// The bytes that a block aims at.
  static let blockBytes = 256 << 10
  /// The bytes that a slab aims at, and of blocks allocated one by one before the first: at most a
  /// slab's huge page is not used, little beside what is there by then.
  private static let slabBytes = 8 << 20

  /// A column without elements.
  init(stride: Int, shift: Int) {
    self.stride = stride
    self.shift = shift
  }

  /// The logarithm of how many elements of `stride` bytes a block has.
  static func shift(stride: Int) -> Int {
    let count = max(1, min(8192, blockBytes / stride))
    return Int.bitWidth - 1 - count.leadingZeroBitCount
  }

  /// How many elements a block has.
  @inline(__always)
  var blockCount: Int { 1 << shift }

  /// Where element `index` is.
  @inline(__always)
  func address(_ index: Int) -> UnsafeMutableRawPointer {
    blocks[index >> shift] + (index & (1 << shift - 1)) * stride
  }

  /// How many elements there is room for.
  @inline(__always)
  var capacity: Int {
    blocks.isEmpty ? 0 : (blocks.count - 1) << shift + lastCapacity
  }

  /// Makes room for elements up to `count`.
  @inline(__always)
  mutating func reserve(_ count: Int) {
    if count > capacity { grow(to: count) }
  }

  private mutating func grow(to count: Int) {
    while count > capacity {
      if blocks.count == 1, lastCapacity < blockCount, mappedBlocks == 0 {
        let wanted = min(blockCount, max(count, lastCapacity * 2))
        let bigger = Self.allocate(wanted * stride)
        bigger.copyMemory(from: blocks[0], byteCount: lastCapacity * stride)
        blocks[0].deallocate()
        blocks[0] = bigger
        lastCapacity = wanted
      } else if (blocks.count - mappedBlocks) * fullBlockBytes >= Self.slabBytes, addSlab() {
        lastCapacity = blockCount
      } else {
        let wanted = blocks.isEmpty ? min(blockCount, max(32, count)) : blockCount
        blocks.append(Self.allocate(wanted * stride))
        lastCapacity = wanted
      }
    }
  }

  /// The bytes of a whole block.
  private var fullBlockBytes: Int { blockCount * stride }

  /// Adds the blocks of a slab; none when the system has no such memory.
  private mutating func addSlab() -> Bool {
    let count = max(1, Self.slabBytes / fullBlockBytes)
    let bytes = (count * fullBlockBytes + 4095) & ~4095
    guard let start = cvectors_allocate_large(bytes) else { return false }
    slabs.append(Slab(start: start, byteCount: bytes, firstBlock: blocks.count))
    for block in 0..<count { blocks.append(start + block * fullBlockBytes) }
    return true
  }

  /// Whole cache lines, except for the first blocks of a small store: aligned allocation costs more
  /// than filling them.
  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    .allocate(byteCount: bytes, alignment: bytes < 4096 ? 16 : 64)
  }

  /// Takes whole blocks that a mapping owns, one behind the other, as the first ones.
  mutating func adopt(_ start: UnsafeMutableRawPointer, blocks count: Int) {
    precondition(blocks.isEmpty, "a mapping comes first")
    for block in 0..<count { blocks.append(start + block << shift * stride) }
    mappedBlocks = count
    lastCapacity = blockCount
  }

  /// Frees the blocks behind the first `count` elements.
  mutating func shrink(to count: Int) {
    let needed = (count + blockCount - 1) >> shift
    while let slab = slabs.last, slab.firstBlock >= needed {
      blocks.removeLast(blocks.count - slab.firstBlock)
      cvectors_free_large(slab.start, slab.byteCount)
      slabs.removeLast()
      lastCapacity = blockCount
    }
    while slabs.isEmpty, blocks.count > max(needed, mappedBlocks) {
      blocks.removeLast().deallocate()
      lastCapacity = blockCount
    }
  }

  /// Frees every block that is not a mapping's.
  mutating func deallocate() {
    for slab in slabs { cvectors_free_large(slab.start, slab.byteCount) }
    for block in blocks[mappedBlocks..<(slabs.first?.firstBlock ?? blocks.count)] {
      block.deallocate()
    }
    slabs = []
    blocks = []
    mappedBlocks = 0
    lastCapacity = 0
  }
}
