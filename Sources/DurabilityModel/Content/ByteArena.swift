/// Room for the bytes of many small writes, in blocks: a write that is pending for a moment costs
/// no allocation of its own.
///
/// A block lives while any write has bytes in it. It belongs to one thread, as pages do.
struct ByteArena {
  /// A block, and how much of it is taken.
  final class Block: ManagedBuffer<Int, UInt8> {
    fileprivate static func make(_ capacity: Int) -> Block {
      unsafeDowncast(Block.create(minimumCapacity: capacity) { _ in 0 }, to: Block.self)
    }

    /// The bytes from `start` on.
    func bytes(_ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
      withUnsafeMutablePointerToElements {
        UnsafeRawBufferPointer(start: $0 + start, count: count)
      }
    }
  }

  private var block: Block?
  private var used = 0
  private var capacity = 0

  /// Small at first: most worlds see a few small writes and are gone.
  private static let firstCapacity = 960
  private static let largestCapacity = 32 << 10

  /// Copies bytes into a block; the block, and where in it they start.
  mutating func keep(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
  ) -> (Block, Int) {
    let count = first.count + second.count
    // A block that no write has bytes in any more begins anew.
    if isKnownUniquelyReferenced(&block) { used = 0 }
    let target: Block
    if let block, capacity - used >= count {
      target = block
    } else {
      let next = capacity == 0 ? Self.firstCapacity : min(2 * capacity, Self.largestCapacity)
      capacity = max(next, count)
      used = 0
      target = Block.make(capacity)
      block = target
    }
    let start = used
    target.withUnsafeMutablePointerToElements { elements in
      let raw = UnsafeMutableRawPointer(elements + start)
      if let base = first.baseAddress { raw.copyMemory(from: base, byteCount: first.count) }
      if let base = second.baseAddress {
        (raw + first.count).copyMemory(from: base, byteCount: second.count)
      }
    }
    used += count
    return (target, start)
  }
}
