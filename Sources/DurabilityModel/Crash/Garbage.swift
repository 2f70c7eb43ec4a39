import Determinism

/// What never-synced space holds when its size reached the disk and its data did not.
///
/// Whole sectors only: a file system gives space out by blocks, and a sector that was ever written
/// holds what was written. Stale content keeps its alignment within a sector, as it does on a disk.
extension Disk {
  /// Fills `sectors` of a file with the garbage that `choice` names.
  func fill(
    _ sectors: RangeSet, _ choice: PowerLossChoice.FileChoice, of inode: Inode,
    into content: inout FileContent
  ) {
    let sectorSize = parameters.sectorSize
    var buffer = [UInt8](repeating: 0, count: sectorSize)
    for sector in sectors.ranges.joined() {
      let offset = UInt64(sector * sectorSize)
      switch choice.garbage {
      case .zeros:
        content.zero(offset..<offset + UInt64(sectorSize))
        continue
      case .ones:
        for index in buffer.indices { buffer[index] = 0xFF }
      case .random:
        var generator = PRNG(Seed(choice.garbageSeed).derived("garbage", sector))
        for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: generator.next()) }
      case .staleNewest, .staleOldest:
        readStale(choice, inode, offset: offset, into: &buffer)
      case .ownRecords:
        readOwn(choice, inode, sector: sector, into: &buffer)
      }
      buffer.withUnsafeBytes { content.write($0, at: offset) }
    }
  }

  /// Puts garbage into the sector that was in flight: where a pending write covers it, or without
  /// power-safe overwrite into all of it.
  func damage(
    _ sector: Int, _ choice: PowerLossChoice.FileChoice, of inode: Inode,
    into content: inout FileContent
  ) {
    var damaged = content
    fill(RangeSet(sector..<sector + 1), choice, of: inode, into: &damaged)
    let size = UInt64(parameters.sectorSize)
    let bounds = UInt64(sector) * size..<UInt64(sector + 1) * size
    var covered = [bounds]
    if parameters.powerSafeOverwrite {
      covered = inode.pendingData.filter { $0.bytes != nil && $0.range.overlaps(bounds) }
        .map { $0.range.clamped(to: bounds) }
    }
    for range in covered {
      var buffer = [UInt8](repeating: 0, count: Int(range.upperBound - range.lowerBound))
      buffer.withUnsafeMutableBytes { damaged.read(at: range.lowerBound, into: $0) }
      buffer.withUnsafeBytes { content.write($0, at: range.lowerBound) }
    }
  }

  /// Earlier content of this place: of this file before a truncation, else of a freed file.
  private func readStale(
    _ choice: PowerLossChoice.FileChoice, _ inode: Inode, offset: UInt64,
    into buffer: inout [UInt8]
  ) {
    let candidates =
      choice.garbage == .staleNewest ? Array(freed.reversed()) : freed
    let source =
      candidates.first { $0.inode == choice.inode && $0.size > offset }
      ?? candidates.first { $0.size > offset }
    let count = buffer.count
    buffer.withUnsafeMutableBytes { target in
      if let source {
        source.content.read(at: offset, into: target)
      } else {
        for index in 0..<count { target[index] = 0 }
      }
    }
  }

  /// The file's own bytes from another sector: a record that is whole and in the wrong place.
  private func readOwn(
    _ choice: PowerLossChoice.FileChoice, _ inode: Inode, sector: Int, into buffer: inout [UInt8]
  ) {
    let sectorSize = parameters.sectorSize
    let sectorCount = max(1, (Int(inode.cachedSize) + sectorSize - 1) / sectorSize)
    let shift = 1 + Int(choice.garbageSeed % UInt64(max(1, sectorCount - 1)))
    let source = ((sector - shift) % sectorCount + sectorCount) % sectorCount
    buffer.withUnsafeMutableBytes {
      inode.cached.read(at: UInt64(source * sectorSize), into: $0)
    }
  }
}
