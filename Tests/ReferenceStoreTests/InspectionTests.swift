import StorageInterface
import Testing

@testable import ReferenceStore

@Suite("Inspection, salvage and replay")
struct InspectionTests {
  /// A store with a checkpoint, linked segments and an unproven tail.
  private func sample(_ configure: (inout StoreOptions) -> Void = { _ in }) throws -> (
    disk: TestDisk, state: State
  ) {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 420, configure)
    for number in 0..<6 { try store.apply(samplePut("a\(number)", number, namespace: "n")) }
    try store.checkpoint()
    for number in 0..<9 { try store.apply(samplePut("b\(number)", number)) }
    return (disk, try state(of: store))
  }

  private func verdicts(_ inspection: Inspection) -> Set<Inspection.Verdict> {
    Set(inspection.files.flatMap { $0.extents.map(\.verdict) })
  }

  @Test("Every byte of every file has one verdict, and nothing is written")
  func coverage() throws {
    for listsRecords in [false, true] {
      let (disk, _) = try sample()
      let inspected = TestDisk(files: disk.files + [("note.txt", [1, 2])])
      let inspection = try Inspection(storage: inspected, listsRecords: listsRecords)
      #expect(inspected.calls.allSatisfy { !$0.isMutating })
      #expect(inspected.handles.isEmpty)
      #expect(inspection.dimension == testDimension)
      #expect(inspection.failure == nil && !inspection.isDamaged)
      #expect(inspection.report?.rows == [.snapshotLoaded, .linkApplied, .tailCarried])
      for file in inspection.files where file.name != "note.txt" {
        var end = 0
        for extent in file.extents {
          #expect(extent.range.lowerBound == end)
          end = extent.range.upperBound
        }
        #expect(end == file.size)
      }
      #expect(verdicts(inspection).isSuperset(of: [.header, .proven, .unproven, .block, .foreign]))
    }
  }

  @Test("Damage is found where it is, for each byte of each file")
  func damage() throws {
    let (disk, _) = try sample()
    let files = disk.files
    var damaged = 0
    for (index, file) in files.enumerated() {
      for byte in stride(from: 0, to: file.bytes.count, by: 5) {
        var flipped = files
        flipped[index].bytes[byte] ^= 8
        let storage = TestDisk(files: flipped)
        let inspection = try Inspection(storage: storage)
        let hit = inspection.files[index].extents.first { $0.range.contains(byte) }
        if inspection.failure != nil {
          #expect(inspection.isDamaged, "\(file.name), byte \(byte)")
          #expect(hit?.verdict == .damaged, "\(file.name), byte \(byte)")
          damaged += 1
        }
      }
    }
    #expect(damaged > 100)
  }

  @Test("What is proven is salvaged, whatever one byte is damaged")
  func salvage() throws {
    let (disk, whole) = try sample { $0.keptCheckpoints = 2 }
    let files = disk.files
    for (index, file) in files.enumerated() {
      for byte in stride(from: 0, to: file.bytes.count, by: 7) {
        var flipped = files
        flipped[index].bytes[byte] ^= 4
        let target = TestDisk()
        let salvaged: Salvage
        do throws(StoreError) {
          salvaged = try Salvage(from: TestDisk(files: flipped), to: target)
        } catch {
          Issue.record("\(file.name), byte \(byte): \(error)")
          continue
        }
        let found = try state(of: openStore(target))
        #expect(found.count == salvaged.records)
        for (key, value) in found { #expect(whole[key] == value, "\(file.name), byte \(byte)") }
        // One record, or the checkpoint's, is all that one byte can cost.
        #expect(found.count >= whole.count - 6, "\(file.name), byte \(byte): \(found.count)")
      }
    }
    let target = TestDisk()
    let salvaged = try Salvage(from: TestDisk(files: files), to: target)
    #expect(try state(of: openStore(target)) == whole)
    #expect(salvaged.notes.isEmpty && salvaged.lostRecords == 0 && salvaged.missing.isEmpty)
    #expect(salvaged.checkpoint == 1 && salvaged.appliedRecords == 9)
    guard
      case .invalid = storeError({ () throws(StoreError) in
        _ = try Salvage(from: TestDisk(files: files), to: target)
      })
    else {
      Issue.record("a store was written over")
      return
    }
  }

  @Test("Salvaged records keep their times, from a checkpoint and from the log")
  func salvagedTimes() throws {
    let disk = TestDisk()
    let clock = TestClock()
    let options = StoreOptions(dimension: testDimension)
    let store = try Store(storage: disk, options: options, clock: { clock.now })
    for number in 1...3 {
      clock.now = UInt64(number) * 1000
      try store.apply(samplePut("a\(number)", number))
      if number == 2 { try store.checkpoint() }
    }
    let target = TestDisk()
    _ = try Salvage(from: disk.afterPowerLoss(.none), to: target)
    let salvaged = try Store(storage: target, options: options)
    for number in 1...3 {
      let key = samplePut("a\(number)", number).key
      #expect(try salvaged.get(key)?.time == UInt64(number) * 1000)
    }
  }

  @Test("Replay hands over every operation as it was made, and writes nothing")
  func replay() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 300)
    let key = Store.Key(namespace: [0x6E], id: [1])
    try store.createNamespace([0x6E])
    try store.put(key, vector: [1, -0.0], metadata: [7])
    try store.batch([.delete(key), samplePut("x", 3)])
    try store.clear(namespace: [0x6E])
    try store.dropNamespace([0x6E])
    try store.begin(1)
    try store.apply(samplePut("y", 4), transaction: 1)
    try store.commit(1)
    try store.clear(namespace: nil)
    disk.resetCalls()
    var records: [LogReplay.Record] = []
    let count = try LogReplay.replay(storage: disk, dimension: testDimension) {
      record throws(StoreError) in records.append(record)
    }
    #expect(disk.calls.allSatisfy { !$0.isMutating })
    #expect(count == 7 && records.map(\.lsn.rawValue) == Array(1...7))
    #expect(records[0].operations == [.createNamespace([0x6E])])
    #expect(
      records[1].operations == [.put(namespace: [0x6E], id: [1], vector: [1, -0.0], metadata: [7])])
    #expect(records[2].operations.count == 2)
    #expect(records[2].operations[0] == .delete(namespace: [0x6E], id: [1]))
    #expect(records[3].operations == [.clear(namespace: [0x6E])])
    #expect(records[4].operations == [.dropNamespace([0x6E])])
    #expect(records[6].operations == [.clearAll])
  }
}
