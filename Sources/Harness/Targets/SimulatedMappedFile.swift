import DurabilityModel
import StorageInterface

/// A shared mapping in a world without a kernel.
///
/// Pages that were stored into are dirty until they are written back: at each answer, as the
/// harness makes the kernel do it on a mount (`Processes/MappedStores.swift`), at a barrier, and
/// before the pages are punched out. They arrive as writes of whole pages, neighbours in one,
/// without a barrier.
final class SimulatedMappedFile: MappedFile {
  let count: Int
  private let world: World
  private let handle: HandleID
  private var pages: [Int: [UInt8]] = [:]
  private var dirty: Set<Int> = []

  private static let pageSize = 4096
  /// The longest write of a mount, in pages: one mebibyte.
  private static let longestRun = 256

  init(world: World, handle: HandleID, count: Int) {
    self.world = world
    self.handle = handle
    self.count = count
  }

  func load(_ count: Int, at offset: Int) -> [UInt8] {
    precondition(offset >= 0 && count <= self.count - offset, "outside the mapping")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let place = offset + bytes.count
      let start = place % Self.pageSize
      let end = min(Self.pageSize, start + count - bytes.count)
      bytes += page(place / Self.pageSize)[start..<end]
    }
    return bytes
  }

  func store(_ bytes: [UInt8], at offset: Int) {
    precondition(offset >= 0 && bytes.count <= count - offset, "outside the mapping")
    var done = 0
    while done < bytes.count {
      let (index, start) = (offset + done).quotientAndRemainder(dividingBy: Self.pageSize)
      let length = min(Self.pageSize - start, bytes.count - done)
      var content = page(index)
      content.replaceSubrange(start..<start + length, with: bytes[done..<done + length])
      pages[index] = content
      dirty.insert(index)
      done += length
    }
  }

  func synchronize() throws(Errno) {
    try writeBack()
    try world.synchronize(handle, dataOnly: true)
  }

  func unmap() { try? writeBack() }

  /// Writes dirty pages back, those that `range` (bytes) touches; all of them without one.
  func writeBack(_ range: Range<Int>? = nil) throws(Errno) {
    var indices = dirty.sorted()
    if let range {
      indices.removeAll {
        ($0 + 1) * Self.pageSize <= range.lowerBound || $0 * Self.pageSize >= range.upperBound
      }
    }
    var rest = indices[...]
    while let first = rest.first {
      var run: [UInt8] = []
      var next = first
      while rest.first == next, next - first < Self.longestRun {
        run += page(next)
        dirty.remove(next)
        rest.removeFirst()
        next += 1
      }
      let size = Int(clamping: try world.size(of: handle))
      try write(run.prefix(max(0, size - first * Self.pageSize)), at: first * Self.pageSize)
    }
  }

  /// Forgets clean pages that `range` (bytes) touches: their content has changed below.
  func forget(_ range: Range<Int>) {
    for index in range.lowerBound / Self.pageSize...(range.upperBound - 1) / Self.pageSize {
      pages[index] = nil
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(Errno) {
    guard !bytes.isEmpty else { return }
    let result = bytes.withUnsafeBytes { buffer -> Result<Int, Errno> in
      do throws(Errno) {
        return .success(try world.write(handle, at: UInt64(offset), buffer, .volatile))
      } catch {
        return .failure(error)
      }
    }
    let written = try result.get()
    if written < bytes.count { try write(bytes.dropFirst(written), at: offset + written) }
  }

  private func page(_ index: Int) -> [UInt8] {
    if let page = pages[index] { return page }
    var page = [UInt8](repeating: 0, count: Self.pageSize)
    page.withUnsafeMutableBytes { buffer in
      try? world.loadMapped(handle, at: UInt64(index * Self.pageSize), into: buffer)
    }
    pages[index] = page
    return page
  }
}

/// The shared mappings of one simulated process.
final class SimulatedMappings {
  private var mappings: [(file: FileID, mapping: SimulatedMappedFile)] = []

  func add(_ mapping: SimulatedMappedFile, of file: FileID) { mappings.append((file, mapping)) }

  /// Brings what was stored to the world; a page that cannot be written stays dirty nowhere, as in
  /// a kernel.
  func writeBack() {
    for entry in mappings { try? entry.mapping.writeBack() }
  }

  /// Writes back what `range` of `file` holds, and lets it be read anew afterwards.
  func around(
    _ file: FileID, _ range: Range<Int>, _ body: () throws(Errno) -> Void
  ) throws(Errno) {
    for entry in mappings where entry.file == file { try entry.mapping.writeBack(range) }
    try body()
    for entry in mappings where entry.file == file { entry.mapping.forget(range) }
  }
}
