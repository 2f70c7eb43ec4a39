import StorageInterface
import Testing

@testable import ReferenceStore

/// One step of the workload: an effect and how it is made.
private enum Step {
  case batch([Store.Mutation])
  case transaction([Store.Mutation])
  case checkpoint

  var effect: [Store.Mutation] {
    switch self {
    case .batch(let mutations), .transaction(let mutations): mutations
    case .checkpoint: []
    }
  }

  func perform(on store: Store) throws(StoreError) {
    switch self {
    case .batch(let mutations): try store.batch(mutations)
    case .checkpoint: try store.checkpoint()
    case .transaction(let mutations):
      try store.begin(1)
      do throws(StoreError) {
        for mutation in mutations { try store.apply(mutation, transaction: 1) }
      } catch {
        try store.abort(1)
        throw error
      }
      try store.commit(1)
    }
  }

  /// A workload that visits every part of the store.
  static let script: [Step] = [
    .batch([samplePut("a", 1)]), .batch([samplePut("b", 2)]),
    .batch([samplePut("c", 3), .delete(.init(id: Array("a".utf8)))]), .checkpoint,
    .batch([samplePut("a", 4)]), .transaction([samplePut("t", 5), samplePut("b", 6)]),
    .batch([samplePut("d", 7)]), .batch([samplePut("e", 8)]), .batch([samplePut("a", 9)]),
    .checkpoint, .batch([samplePut("f", 10)]), .batch([.delete(.init(id: Array("e".utf8)))]),
  ]
}

/// What became of one run of the script on a disk with faults.
private struct Run {
  /// Every state that may be found afterwards.
  var permitted: [State] = [[:]]
  var errors: [StoreError] = []

  init(on disk: TestDisk) throws {
    let store: Store
    do throws(StoreError) {
      store = try openStore(disk, segmentBytes: 300)
    } catch {
      errors.append(error)
      return
    }
    var live = State()
    for step in Step.script {
      func after(_ state: State) -> State { step.effect.reduce(state) { applying($1, to: $0) } }
      switch storeError({ () throws(StoreError) in try step.perform(on: store) }) {
      case nil:
        permitted = permitted.map(after)
        live = after(live)
      case .readOnly(let reason):
        errors.append(.readOnly(reason: reason))
      case let error?:
        errors.append(error)
        permitted += permitted.map(after).filter { !permitted.contains($0) }
      }
      let shown = try state(of: store)
      #expect(shown == live, "after \(step) the live state is that of what was acknowledged")
    }
    try store.close()
  }
}

@Suite("Failing and stopping at every call")
struct FailureTests {
  /// The number of calls of a run without faults.
  private func callCount() throws -> Int {
    let disk = TestDisk()
    let run = try Run(on: disk)
    #expect(run.errors.isEmpty)
    return disk.calls.count
  }

  @Test(
    "Whichever call fails, nothing acknowledged is lost, after a restart or a power cut",
    arguments: [Errno.ioError, .noSpace])
  func failing(error: Errno) throws {
    for call in 0..<(try callCount()) {
      // A failed write leaves half or nothing, a failed rename happened or not, the names that a
      // failed barrier should have covered are lost or still pending.
      for isWorse in [true, false] {
        let disk = TestDisk()
        disk.failures[call] = error
        disk.failedWriteLeavesHalf = isWorse
        disk.failedRenameHappens = isWorse
        disk.failedDirectoryBarrierLoses = isWorse
        let run = try Run(on: disk)
        let failed = disk.calls[call]
        switch failed {
        case .synchronize, .synchronizeDirectory:
          let others = run.errors.dropFirst().filter { !$0.isReadOnly }
          #expect(others.isEmpty, "call \(call): \(failed)")
          #expect(!run.errors.isEmpty)
        case .open, .read, .write, .size, .truncate, .rename, .remove, .list:
          #expect(run.errors.count <= 1, "call \(call): \(failed): \(run.errors)")
        }
        for next in [
          disk.afterProcessCrash(), disk.afterPowerLoss(.none), disk.afterPowerLoss(.all),
        ] {
          try judge(next, run, "call \(call), \(failed) failed with \(error)")
        }
      }
    }
  }

  @Test(
    "Wherever the machine stops, with all or nothing of what was pending, the store opens right")
  func stopping() throws {
    for call in 0..<(try callCount()) {
      let disk = TestDisk()
      disk.crashAt = call
      let run = try Run(on: disk)
      for next in [
        disk.afterProcessCrash(), disk.afterPowerLoss(.none), disk.afterPowerLoss(.all),
        disk.afterPowerLoss(.random(TestRandom(seed: UInt64(call)))),
      ] {
        try judge(next, run, "stopped at call \(call)")
      }
    }
  }

  /// What the store on `disk` holds when it opens, or nil when it does not.
  private func outcome(of disk: TestDisk) -> State? {
    do throws(StoreError) {
      return try state(of: openStore(disk, segmentBytes: 300))
    } catch {
      return nil
    }
  }

  /// Opens `disk`, also with a stop at each call of the recovery and then again, and holds every
  /// outcome against the run.
  private func judge(_ disk: TestDisk, _ run: Run, _ place: String) throws {
    let whole = disk.clone()
    let store = try openStore(whole, segmentBytes: 300)
    let shown = try state(of: store)
    #expect(run.permitted.contains(shown), "\(place): \(shown)")
    for call in 0..<whole.calls.count where whole.calls[call].isMutating {
      for isFailure in [false, true] {
        let interrupted = disk.clone()
        if isFailure {
          interrupted.failures[call] = .ioError
        } else {
          interrupted.crashAt = call
        }
        let first = outcome(of: interrupted)
        for next in [
          interrupted.afterProcessCrash(), interrupted.afterPowerLoss(.none),
          interrupted.afterPowerLoss(.all),
        ] {
          let again = try state(of: openStore(next, segmentBytes: 300))
          if let first {
            #expect(again == first, "\(place), recovery's call \(call): what was served stays")
          } else {
            #expect(run.permitted.contains(again), "\(place), recovery's call \(call): \(again)")
          }
        }
      }
    }
    for next in [whole.afterProcessCrash(), whole.afterPowerLoss(.none)] {
      let again = try openStore(next, segmentBytes: 300)
      #expect(try state(of: again) == shown, "\(place): what was served is durable")
    }
  }

  @Test("After a failed write the store goes on in a new segment, and its number is not used again")
  func failedWrite() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 20)
    try store.apply(samplePut("a", 1))
    disk.failures[disk.calls.count] = .noSpace
    let file = "wal-00000000000000000001.log"
    #expect(
      storeError { () throws(StoreError) in try store.apply(samplePut("a", 2)) }
        == .full(path: file, doing: "write"))
    #expect(try store.figures().lastLSN == LSN(rawValue: 1))
    try store.apply(samplePut("b", 3))
    #expect(try store.figures().lastLSN == LSN(rawValue: 3))
    #expect(disk.files.count == 2)
    let expected = try state(of: store)
    #expect(try state(of: openStore(disk.afterPowerLoss(.all))) == expected)
    #expect(try state(of: openStore(disk.afterPowerLoss(.none))) == expected)
  }

  @Test(
    "After a failed barrier every mutation is read-only, reads go on, and a reopen writes again")
  func failedBarrier() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.begin(1)
    disk.failures[disk.calls.count + 1] = .ioError
    let file = "wal-00000000000000000001.log"
    #expect(
      storeError { () throws(StoreError) in try store.apply(samplePut("a", 2)) }
        == .io(.ioError, path: file, doing: "synchronize"))
    disk.resetCalls()
    func isRefused(_ attempt: () throws(StoreError) -> Void) -> Bool {
      storeError(attempt)?.isReadOnly == true
    }
    #expect(isRefused { () throws(StoreError) in try store.apply(samplePut("b", 3)) })
    #expect(isRefused { () throws(StoreError) in try store.batch([samplePut("b", 3)]) })
    #expect(
      isRefused { () throws(StoreError) in try store.apply(samplePut("b", 3), transaction: 1) })
    #expect(isRefused { () throws(StoreError) in try store.flush() })
    #expect(isRefused { () throws(StoreError) in try store.checkpoint() })
    #expect(try store.get(.init(id: Array("a".utf8)))?.vector == [1, -1])
    try store.close()
    #expect(disk.calls.isEmpty, "nothing is written after a failed barrier, not even a mark")

    // The cache still shows the record that never reached the disk: it may be served, durably.
    let reopened = try openStore(disk.afterProcessCrash())
    #expect(reopened.recovery.carriedRecords == 1)
    try reopened.apply(samplePut("b", 3))
  }
}

extension StoreError {
  fileprivate var isReadOnly: Bool {
    if case .readOnly = self { true } else { false }
  }
}
