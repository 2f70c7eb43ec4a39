public import Determinism

/// An image that was damaged, and whether the disk itself proves that something is missing.
public struct DamagedImage {
  /// The image.
  public let disk: Disk
  /// Whether something later on the disk proves that the damaged bytes had been synced: they must
  /// then be reported, never served, never cut away.
  public let isProven: Bool
}

/// Damage to the image that a power cut left of a recorded epoch.
///
/// Method. What a sector held before a write is found by performing the recording again up to that
/// write. Damage that changes no byte below a file's end is none.
extension Disk {
  /// This image with `fault`, or nil where the fault changes nothing: its write is not in the first
  /// `origin` operations of `recording`, or what it wrote is not in the image any more.
  public func damaged(
    by fault: MediaFault, in recording: Recording, origin: Int
  ) -> DamagedImage? {
    let operations = recording.operations
    guard fault.write >= 1, fault.write <= origin, origin <= operations.count,
      case .write(let number, let offset, let bytes) = operations[fault.write - 1].operation,
      let inode = self[number], inode.kind == .regular, bytes.count > 0
    else { return nil }
    let size = parameters.sectorSize
    let written = Int(offset) / size..<(Int(offset) + bytes.count - 1) / size + 1
    guard fault.kind == .lostWrite || written.contains(fault.sector) else { return nil }
    var content = inode.cached
    switch fault.kind {
    case .bitFlip:
      var sector = Self.sector(fault.sector, of: content, size)
      sector[fault.detail / 8 % size] ^= 1 << UInt8(fault.detail % 8)
      Self.set(fault.sector, to: sector, in: &content)
    case .zeroedSector:
      content.zero(UInt64(fault.sector * size)..<UInt64((fault.sector + 1) * size))
    case .staleSector:
      let before = Self.content(of: number, before: fault.write, in: recording)
      Self.set(fault.sector, to: Self.sector(fault.sector, of: before, size), in: &content)
    case .lostWrite, .misdirectedWrite:
      let before = Self.content(of: number, before: fault.write, in: recording)
      // Where a later write went, the device has that one.
      let kept = Self.sectors(of: number, in: operations[fault.write..<origin], size)
      for sector in written where !kept.contains(sector) {
        Self.set(sector, to: Self.sector(sector, of: before, size), in: &content)
      }
      guard fault.kind == .misdirectedWrite else { break }
      for sector in written where !kept.contains(sector) {
        let target = fault.detail + sector - written.lowerBound
        Self.set(target, to: Self.sector(sector, of: inode.cached, size), in: &content)
      }
    }
    content.zero(from: inode.cachedSize)
    let end = (Int(inode.cachedSize) + size - 1) / size
    var damage = RangeSet()
    for sector in 0..<end
    where Self.sector(sector, of: content, size) != Self.sector(sector, of: inode.cached, size) {
      damage.insert(sector..<sector + 1)
    }
    guard !damage.isEmpty else { return nil }
    var disk = self
    disk.with(number) {
      $0.cached = content
      $0.durable = content
    }
    return DamagedImage(
      disk: disk,
      isProven: fault.kind != .lostWrite
        && proves(damage, of: number, in: recording, origin: origin))
  }

  /// A damage drawn for this image, or nil where none was found in a few draws.
  public func drawDamage(
    _ kinds: [MediaFaultKind], in recording: Recording, origin: Int, _ generator: inout PRNG
  ) -> (fault: MediaFault, image: DamagedImage)? {
    let writes = (0..<origin).filter {
      if case .write = recording.operations[$0].operation { return true }
      return false
    }
    guard !writes.isEmpty, !kinds.isEmpty else { return nil }
    let size = parameters.sectorSize
    for _ in 0..<12 {
      let write = generator.pick(writes)
      guard
        case .write(let number, let offset, let bytes) = recording.operations[write].operation,
        bytes.count > 0
      else { continue }
      let first = Int(offset) / size
      let last = (Int(offset) + bytes.count - 1) / size
      let kind = generator.pick(kinds)
      var fault = MediaFault(kind, write: write + 1, sector: first)
      switch kind {
      case .bitFlip:
        fault.sector = generator.number(in: first...last)
        fault.detail = generator.below(size * 8)
      case .zeroedSector, .staleSector: fault.sector = generator.number(in: first...last)
      case .misdirectedWrite:
        let end = (Int(self[number]?.cachedSize ?? 0) + size - 1) / size
        fault.detail = generator.below(max(1, end))
      case .lostWrite: break
      }
      if let image = damaged(by: fault, in: recording, origin: origin) { return (fault, image) }
    }
    return nil
  }

  /// Whether something later on this image proves that the damaged sectors of a file had been
  /// synced: a barrier of the file covered all of them, and what was appended behind them after it
  /// is there, whole.
  ///
  /// This is less than a subject may know: content elsewhere may prove it too. So no alarm is given
  /// that a maintainer could dispute.
  private func proves(
    _ damage: RangeSet, of number: InodeNumber, in recording: Recording, origin: Int
  ) -> Bool {
    let size = parameters.sectorSize
    guard let end = damage.ranges.last?.upperBound, let inode = self[number] else { return false }
    // What the epoch began with may be in doubt for reasons that lie before it.
    guard recording.start[number] == nil else { return false }
    var isTouched = false
    var isCovered = false
    for recorded in recording.operations[..<origin] {
      switch recorded.operation {
      case .write(number, let offset, let bytes):
        let sectors = Int(offset) / size..<(Int(offset) + max(1, bytes.count) - 1) / size + 1
        if !damage.intersection(sectors).isEmpty {
          (isTouched, isCovered) = (true, false)
        } else if isCovered && Int(offset) >= end * size && holds(bytes, at: offset, in: inode) {
          return true
        }
      case .setSize(number, _), .allocate(number, _, _, _): (isTouched, isCovered) = (true, false)
      case .synchronize(number, _): isCovered = isTouched
      case .failedSynchronize, .stop, .writeBack(_, _, .failed): return false
      default: break
      }
    }
    return false
  }

  /// Whether a file holds all of these bytes, and they are not just zeros.
  private func holds(_ bytes: WrittenBytes, at offset: UInt64, in inode: Inode) -> Bool {
    guard offset + UInt64(bytes.count) <= inode.cachedSize else { return false }
    var written = FileContent()
    bytes.apply(0..<bytes.count, to: &written, at: offset)
    var (expected, found) = (
      [UInt8](repeating: 0, count: bytes.count), [UInt8](repeating: 0, count: bytes.count)
    )
    expected.withUnsafeMutableBytes { written.read(at: offset, into: $0) }
    found.withUnsafeMutableBytes { inode.cached.read(at: offset, into: $0) }
    return expected == found && expected.contains { $0 != 0 }
  }

  /// What a file held before operation `write` of a recording.
  private static func content(
    of number: InodeNumber, before write: Int, in recording: Recording
  ) -> FileContent {
    recording.disk(after: write - 1)[number]?.cached ?? FileContent()
  }

  /// The sectors of a file that operations wrote to.
  private static func sectors(
    of number: InodeNumber, in operations: ArraySlice<RecordedOperation>, _ size: Int
  ) -> RangeSet {
    var sectors = RangeSet()
    for recorded in operations {
      if case .write(number, let offset, let bytes) = recorded.operation, bytes.count > 0 {
        sectors.insert(Int(offset) / size..<(Int(offset) + bytes.count - 1) / size + 1)
      }
    }
    return sectors
  }

  private static func sector(_ sector: Int, of content: FileContent, _ size: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    bytes.withUnsafeMutableBytes { content.read(at: UInt64(sector * size), into: $0) }
    return bytes
  }

  private static func set(_ sector: Int, to bytes: [UInt8], in content: inout FileContent) {
    bytes.withUnsafeBytes { content.write($0, at: UInt64(sector * bytes.count)) }
  }
}
