import StorageInterface
import Testing

@testable import ReferenceStore

/// A clock that a test sets. Used by one thread only.
final class TestClock: @unchecked Sendable {
  var now: UInt64 = 0
}

@Suite("When mutations are durable")
struct SyncPolicyTests {
  private static let policies: [SyncPolicy] = [
    .every(3), .interval(milliseconds: 10), .onFlush, .never,
  ]

  private func put(_ number: Int) -> Store.Mutation { samplePut("a\(number)", number) }

  /// How many records a power cut leaves that keeps nothing it need not keep.
  private func durable(_ disk: TestDisk) throws -> Int {
    try openStore(disk.afterPowerLoss(.none)).figures().records
  }

  @Test("Every N: at any moment all but the last N − 1 are durable", arguments: 2...5)
  func every(count: Int) throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 4096) { $0.sync = .every(count) }
    for number in 1...40 {
      try store.apply(put(number))
      #expect(try durable(disk) >= number - (count - 1))
      #expect(try store.figures().records == number, "it shows at once")
    }
    #expect(try store.figures().barriers < 40 / UInt64(count) + 5)
    try store.flush()
    #expect(try durable(disk) == 40)
  }

  @Test(
    "Interval: a barrier by the first mutation or call after the time, also when the clock jumps")
  func interval() throws {
    let disk = TestDisk()
    let clock = TestClock()
    var options = StoreOptions(dimension: testDimension, segmentBytes: 1 << 16)
    options.sync = .interval(milliseconds: 10)
    let store = try Store(storage: disk, options: options, clock: { clock.now })
    try store.apply(put(1))
    clock.now = 9_000_000
    try store.synchronizeIfDue()
    #expect(try durable(disk) == 0)
    clock.now = 10_000_000
    try store.synchronizeIfDue()
    #expect(try durable(disk) == 1)
    try store.apply(put(2))
    clock.now = 25_000_000
    try store.apply(put(3))
    #expect(try durable(disk) == 3, "the barrier covers the mutation that makes it")
    try store.apply(put(5))
    #expect(try durable(disk) == 3)
    clock.now = 1
    try store.apply(put(4))
    #expect(try durable(disk) == 5, "a clock that stepped back makes a barrier due")
    #expect(try store.figures().volatileMutations == 0)
  }

  @Test("On flush and never: nothing is synced before its barrier", arguments: policies)
  func barriers(policy: SyncPolicy) throws {
    for barrier in ["flush", "checkpoint", "close"] {
      let disk = TestDisk()
      let store = try openStore(disk, segmentBytes: 1 << 16) { $0.sync = policy }
      try store.createNamespace([0x6E])
      try store.apply(put(1))
      try store.batch([put(2), put(3)])
      switch barrier {
      case "flush": try store.flush()
      case "checkpoint": try store.checkpoint()
      default: try store.close()
      }
      let kept = try openStore(disk.afterPowerLoss(.none))
      let isBarrier = barrier == "checkpoint" || policy != .never
      #expect(try kept.figures().records == (isBarrier ? 3 : 0), "\(policy), \(barrier)")
      let reopened = try openStore(disk.afterProcessCrash())
      #expect(try reopened.figures().records == 3, "what was written survives a process crash")
    }
  }

  @Test("Gathered records whose write fails are kept and written again", arguments: policies)
  func fullDisk(policy: SyncPolicy) throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 16) {
      $0.sync = policy == .every(3) ? .every(1000) : policy
    }
    for number in 1...5 { try store.apply(put(number)) }
    let shown = try state(of: store)
    // A disk that is full for a while.
    for call in 0..<3 { disk.failures[disk.calls.count + call] = .noSpace }
    for _ in 0..<3 {
      let error = storeError { () throws(StoreError) in try store.flush() }
      #expect(error == .full(path: "wal-00000000000000000001.log", doing: "write"))
      #expect(try state(of: store) == shown)
    }
    try store.apply(put(6))
    try store.checkpoint()
    #expect(try durable(disk) == 6)
    #expect(try openStore(disk.afterPowerLoss(.none)).figures().lastLSN == LSN(rawValue: 6))
  }

  @Test("A mutation whose due write fails is taken back, and the next one takes its place")
  func takenBack() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 16) { $0.sync = .every(3) }
    for number in 1...2 { try store.apply(put(number)) }
    disk.failures[disk.calls.count] = .noSpace
    let error = storeError { () throws(StoreError) in try store.apply(put(3)) }
    #expect(error == .full(path: "wal-00000000000000000001.log", doing: "write"))
    #expect(try store.figures().records == 2)
    try store.apply(put(4))
    #expect(try durable(disk) == 3)
    let kept = try openStore(disk.afterPowerLoss(.all))
    #expect(try state(of: kept) == state(of: store))
    #expect(try kept.figures().lastLSN == LSN(rawValue: 3))
  }

  @Test("A close after a failed barrier says so where something acknowledged is not durable")
  func closeAfterFailure() throws {
    for policy in [SyncPolicy.onFlush, .every(3), .interval(milliseconds: 5), .everyWrite] {
      let disk = TestDisk()
      let store = try openStore(disk, segmentBytes: 4096) { $0.sync = policy }
      try store.apply(put(1))
      // The write of a record, and then its barrier.
      disk.failures[disk.calls.count + 1] = .ioError
      let failure = storeError { () throws(StoreError) in
        if policy == .everyWrite { try store.apply(put(2)) } else { try store.flush() }
      }
      #expect(failure == .io(.ioError, path: "wal-00000000000000000001.log", doing: "synchronize"))
      let closing = storeError { () throws(StoreError) in try store.close() }
      if policy == .everyWrite {
        #expect(closing == nil, "what was acknowledged is durable")
        #expect(try durable(disk) == 1)
      } else if case .readOnly = closing {
        #expect(try durable(disk) == 0)
      } else {
        Issue.record("\(policy): \(String(describing: closing))")
      }
    }
  }

  @Test("After the failure of a due barrier the store is read-only")
  func failedBarrier() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 16) { $0.sync = .every(2) }
    try store.apply(put(1))
    // The write of the gathered record, and then its barrier.
    disk.failures[disk.calls.count + 1] = .ioError
    let error = storeError { () throws(StoreError) in try store.apply(put(2)) }
    #expect(error == .io(.ioError, path: "wal-00000000000000000001.log", doing: "synchronize"))
    #expect(try store.figures().readOnlyReason != nil)
    #expect(try store.figures().records == 1)
    for next in [disk.afterProcessCrash(), disk.afterPowerLoss(.all)] {
      #expect(try openStore(next).figures().records <= 2)
    }
  }

  /// A failing seed is printed with the expectation.
  @Test("A power cut leaves a prefix that holds everything durable", arguments: policies)
  func prefixes(policy: SyncPolicy) throws {
    for seed in UInt64(1)...60 {
      var random = TestRandom(seed: seed)
      let disk = TestDisk()
      let store = try openStore(disk, segmentBytes: [400, 2000, 1 << 16][random.below(3)]) {
        $0.sync = policy
      }
      var states: [State] = [[:]]
      var floor = 0
      for number in 0..<random.below(60) {
        switch random.below(20) {
        case 0:
          try store.flush()
          if policy != .never { floor = states.count - 1 }
        case 1:
          try store.checkpoint()
          floor = states.count - 1
        case 2: disk.writeBack(&random)
        default:
          let mutation = samplePut("k\(random.below(9))", number)
          do throws(StoreError) {
            try store.apply(mutation)
          } catch {
            // A write-back failed in the background, and a barrier told of it.
            break
          }
          states.append(applying(mutation, to: states[states.count - 1]))
        }
        if try store.figures().readOnlyReason != nil { break }
      }
      let next = disk.afterPowerLoss(.random(TestRandom(seed: random.next())))
      let found = try state(of: openStore(next))
      #expect(
        states[floor...].contains(found), "seed \(seed), \(policy): \(found)")
    }
  }
}
