import StorageInterface
import Testing

@testable import ReferenceStore

/// A log with a few records of different lengths, and where each record lies in its only segment.
private struct SampleLog {
  var bytes: [UInt8]
  /// The offset behind each record.
  var ends: [Int]
  /// The state after 0, 1, … records.
  var states: [State]
  static let name = "wal-00000000000000000001.log"

  init(closed: Bool) throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 20)
    ends = []
    states = [[:]]
    let batch = [samplePut("d", 4, namespace: "n"), .delete(.init(id: Array("a".utf8)))]
    let effects = [[samplePut("a", 1)], [samplePut("bb", 2)], batch, [samplePut("a", 5)]]
    for effect in effects {
      if effect.count == 1 { try store.apply(effect[0]) } else { try store.batch(effect) }
      states.append(try state(of: store))
      ends.append(disk.inodes[0].cached.count)
    }
    if closed { try store.close() }
    bytes = disk.inodes[0].cached
  }

  /// How many records end at or before `offset`.
  func records(before offset: Int) -> Int { ends.prefix { $0 <= offset }.count }
}

private func opening(_ files: [(name: String, bytes: [UInt8])]) -> Result<State, StoreError> {
  let disk = TestDisk(files: files)
  do throws(StoreError) {
    let first = try state(of: openStore(disk))
    // Twice: from the cache, and from what was durable when the first one had opened.
    for again in [disk.afterProcessCrash(), disk.afterPowerLoss(.none)] {
      let second = try state(of: openStore(again))
      #expect(second == first, "a second recovery gives the same")
    }
    return .success(first)
  } catch {
    return .failure(error)
  }
}

@Suite("Torn tails and damage")
struct DamageTests {
  @Test("A log cut at any byte opens with the records before the cut", arguments: [false, true])
  func truncated(closed: Bool) throws {
    let log = try SampleLog(closed: closed)
    for length in 0...log.bytes.count {
      let found = opening([(SampleLog.name, Array(log.bytes.prefix(length)))])
      #expect(
        found == .success(log.states[log.records(before: length)]), "cut at \(length)")
    }
  }

  @Test("A flipped bit in front of the last record is refused where the bad record starts")
  func flippedWithProof() throws {
    let log = try SampleLog(closed: false)
    let lastStart = log.ends[log.ends.count - 2]
    for index in 0..<lastStart * 8 {
      var bytes = log.bytes
      bytes[index / 8] ^= 1 << (index % 8)
      let header = LogFormat.segmentHeaderBytes
      let start =
        index / 8 < header ? 0 : max(header, log.ends.last { $0 <= index / 8 } ?? header)
      guard case .failure(.corrupt(let file, let offset, _)) = opening([(SampleLog.name, bytes)])
      else {
        Issue.record("bit \(index) was accepted")
        continue
      }
      #expect(file == SampleLog.name)
      #expect(offset == UInt64(start), "bit \(index)")
    }
  }

  @Test("A flipped bit in the last record cuts it, and in the close's mark changes nothing")
  func flippedTail() throws {
    let open = try SampleLog(closed: false)
    let lastStart = open.ends[open.ends.count - 2]
    for index in lastStart * 8..<open.bytes.count * 8 {
      var bytes = open.bytes
      bytes[index / 8] ^= 1 << (index % 8)
      #expect(
        opening([(SampleLog.name, bytes)]) == .success(open.states[open.ends.count - 1]),
        "bit \(index)")
    }
    let closed = try SampleLog(closed: true)
    for index in lastStart * 8..<closed.bytes.count * 8 {
      var bytes = closed.bytes
      bytes[index / 8] ^= 1 << (index % 8)
      let found = opening([(SampleLog.name, bytes)])
      if index / 8 < open.bytes.count {
        guard case .failure(.corrupt(_, let offset, _)) = found else {
          Issue.record("bit \(index): the mark proves the last record")
          continue
        }
        #expect(offset == UInt64(lastStart))
      } else {
        #expect(found == .success(closed.states[closed.ends.count]), "bit \(index)")
      }
    }
  }

  @Test("Zeroed or foreign sectors with proof behind them are refused")
  func sectors() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 20)
    for number in 0..<40 { try store.apply(samplePut("a\(number % 5)", number)) }
    let bytes = disk.inodes[0].cached
    #expect(bytes.count > 512 * 4)
    for sector in 0..<bytes.count / 512 - 1 {
      for filling in [
        [UInt8](repeating: 0, count: 512), [UInt8](repeating: 0xFF, count: 512),
        Array(bytes[(sector + 1) * 512..<(sector + 2) * 512]),
      ] {
        var damaged = bytes
        damaged.replaceSubrange(sector * 512..<(sector + 1) * 512, with: filling)
        guard case .failure(.corrupt) = opening([(SampleLog.name, damaged)]) else {
          Issue.record("sector \(sector) was accepted")
          continue
        }
      }
    }
  }

  @Test(
    "In a log of several segments every flipped or cut byte that a later file proves is refused")
  func severalSegments() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 258)
    for number in 0..<6 { try store.apply(samplePut("a\(number)", number)) }
    let files = disk.files
    #expect(files.count == 3)
    for (index, file) in files.dropLast().enumerated() {
      for byte in 0..<file.bytes.count {
        var flipped = files
        flipped[index].bytes[byte] ^= 0x10
        var cut = files
        cut[index].bytes.removeLast(file.bytes.count - byte)
        for damaged in [flipped, cut] {
          guard case .failure(.corrupt(let name, _, _)) = opening(damaged) else {
            Issue.record("byte \(byte) of \(file.name) was accepted")
            continue
          }
          #expect(name == file.name)
        }
      }
      var missing = files
      missing.remove(at: index)
      guard case .failure(.corrupt(let name, _, _)) = opening(missing) else {
        Issue.record("\(file.name) may be missing")
        continue
      }
      #expect(name == file.name)
    }
  }

  @Test("Every flipped or cut byte of a snapshot is refused")
  func snapshot() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    for number in 0..<3 { try store.apply(samplePut("a\(number)", number)) }
    try store.checkpoint()
    let files = disk.files
    #expect(files.count == 1)
    for byte in 0..<files[0].bytes.count {
      var flipped = files
      flipped[0].bytes[byte] ^= 0x01
      var cut = files
      cut[0].bytes.removeLast(files[0].bytes.count - byte)
      for damaged in [flipped, cut] {
        guard case .failure(.corrupt(let name, _, _)) = opening(damaged) else {
          Issue.record("byte \(byte) was accepted")
          continue
        }
        #expect(name == files[0].name)
      }
    }
  }

  @Test("Good records behind a bad one that was never synced are cut and never come back")
  func goodBehindBad() throws {
    // A group written with one barrier: the second half reached the disk, the first did not.
    let header = SegmentHeader(
      dimension: testDimension, number: .first, firstLSN: LSN(rawValue: 1),
      predecessor: .origin, carriedBytes: 0, identity: 0, time: 0)
    let (encoded, tag) = header.encoded()
    let bytes = [UInt8](encoded.bytes)
    var frames: [[UInt8]] = []
    var start = bytes.count
    for number in 1...4 {
      let record = LogBuffer()
      record.appendZeros(LogFormat.frameHeaderBytes)
      record.append(entryOf: samplePut("g\(number)", number))
      RecordFrame.seal(
        record, at: 0, type: .put, lsn: LSN(rawValue: UInt64(number)), time: 0, segment: .first,
        tag: tag, start: UInt64(start), durableEnd: UInt64(LogFormat.segmentHeaderBytes))
      start += record.count
      frames.append([UInt8](record.bytes))
    }
    for bad in 0..<frames.count {
      var damaged = bytes
      for (index, frame) in frames.enumerated() {
        damaged += index == bad ? [UInt8](repeating: 0, count: frame.count) : frame
      }
      let disk = TestDisk(files: [(SampleLog.name, damaged)])
      let store = try openStore(disk)
      let expected = (0..<bad).reduce(State()) { applying(samplePut("g\($1 + 1)", $1 + 1), to: $0) }
      #expect(try state(of: store) == expected)
      if bad == 0 {
        #expect(store.recovery.rows.contains(.unfinishedIgnored))
      } else if bad == frames.count - 1 {
        #expect(store.recovery.rows.contains(.zerosAfterEnd))
      } else {
        #expect(store.recovery.cutBytes == (frames.count - bad) * frames[0].count)
      }
      try store.apply(samplePut("new", 9))
      let again = try openStore(disk.afterPowerLoss(.none))
      #expect(try state(of: again) == applying(samplePut("new", 9), to: expected))
    }
  }

  /// A failing seed is printed with the issue.
  @Test("Any bytes under the store's names open or are refused, and never trap")
  func fuzz() throws {
    let log = try SampleLog(closed: true)
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.checkpoint()
    let snapshot = disk.files[0].bytes
    var refused = 0
    for seed in 1...3000 {
      var random = TestRandom(seed: UInt64(seed))
      func mangled(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0...random.below(6) where !bytes.isEmpty {
          let at = random.below(bytes.count)
          switch random.below(5) {
          case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
          case 1: bytes.removeLast(random.below(bytes.count))
          case 2: bytes.append(contentsOf: bytes[at...])
          case 3:
            bytes.append(contentsOf: (0..<random.below(80)).map { _ in UInt8(random.below(256)) })
          default:
            let value: UInt64 = [0, .max, 1 << 31, 1 << 62, 7][random.below(5)]
            for (index, shift) in stride(from: 0, to: 64, by: 8).enumerated()
            where at + index < bytes.count {
              bytes[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(shift))
            }
          }
        }
        if random.chance(1, in: 3) { repairChecksums(of: &bytes) }
        return bytes
      }
      var files = [(name: SampleLog.name, bytes: mangled(log.bytes))]
      if random.chance(1, in: 2) {
        files.append(("snapshot-00000000000000000001.snap", mangled(snapshot)))
      }
      if random.chance(1, in: 2) {
        files.append(("wal-00000000000000000002.log", mangled(log.bytes)))
      }
      do throws(StoreError) {
        _ = try openStore(TestDisk(files: files))
      } catch {
        refused += 1
        switch error {
        case .corrupt, .unsupported, .invalid: break
        case .io, .full, .readOnly, .notFound, .conflict, .locked:
          Issue.record("seed \(seed): \(error)")
        }
      }
    }
    #expect(refused > 100 && refused < 2900)
  }
}
