import Determinism
@testable import DurabilityModel
import Testing

@Suite("Choices changed operation by operation")
struct ChoiceEditTests {
  static let seeds: [UInt64] = [0, 1, 2]

  private static func forEachChoice(
    _ seed: UInt64, _ body: (_ disk: Disk, _ choice: PowerLossChoice) throws -> Void
  ) rethrows {
    try HistoryPropertyTests.forEachPoint(seed, steps: 12, failing: seed % 2 == 0) { _, disk in
      for choice in disk.choices(HistoryPropertyTests.limits, seed: Seed(seed)) {
        try body(disk, choice)
      }
    }
  }

  @Test("With every dropped operation put back nothing is lost", arguments: seeds)
  func keepingEverything(seed: UInt64) {
    Self.forEachChoice(seed) { disk, choice in
      var all = choice
      for number in disk.dropped(by: choice) { all = disk.keeping(number, in: all) }
      #expect(disk.accepts(all), "seed \(seed): \(choice.text)")
      #expect(disk.dropped(by: all).isEmpty, "seed \(seed): \(choice.text)")
      let isWhole =
        disk.afterPowerLoss(all).tree == disk.afterPowerLoss(disk.choice(keepingAll: true)).tree
      #expect(isWhole, "seed \(seed): \(choice.text)")
    }
  }

  @Test("With every pending operation dropped nothing is kept", arguments: seeds)
  func droppingEverything(seed: UInt64) {
    Self.forEachChoice(seed) { disk, choice in
      var none = choice
      for number in disk.pendingOperations.reversed() {
        none = disk.dropping(number, in: none)
        #expect(disk.accepts(none), "seed \(seed): \(choice.text)")
      }
      #expect(!none.keepsAnything, "seed \(seed): \(choice.text)")
      let isBare = disk.afterPowerLoss(none).tree == disk.afterPowerLoss(disk.keepingNothing).tree
      #expect(isBare, "seed \(seed): \(choice.text)")
    }
  }

  @Test("A choice carried over to the same disk is the same", arguments: seeds)
  func identity(seed: UInt64) {
    Self.forEachChoice(seed) { disk, choice in
      let moved = disk.transferred(choice, from: disk) { $0 }
      #expect(moved == choice, "seed \(seed): \(moved.text) from \(choice.text)")
    }
  }

  @Test("A choice of an earlier point leaves the same state at a later one", arguments: seeds)
  func later(seed: UInt64) {
    HistoryPropertyTests.forEachPoint(seed, steps: 12) { before, after in
      let count = before.operationCount
      guard after.operationCount == count + 1, after.pendingOperations.last == count + 1,
        after.pendingOperations.dropLast() == before.pendingOperations[...]
      else { return }
      for choice in before.choices(HistoryPropertyTests.limits, seed: Seed(seed)) {
        let moved = after.transferred(choice, from: before, keepsOthers: false) {
          $0 <= count ? $0 : nil
        }
        #expect(after.accepts(moved), "seed \(seed): \(choice.text)")
      }
    }
  }

  @Test("Without an earlier write a torn one is torn at the same distance from its start")
  func shifted() throws {
    func lab(withFirst: Bool) throws -> Disk {
      let lab = Lab()
      let handle = try lab.open(try lab.create("a"))
      if withFirst { try lab.write(handle, filled(1, 512), at: 0) }
      let start: UInt64 = withFirst ? 512 : 0
      try lab.write(handle, filled(2, 1536), at: start)
      return lab.disk
    }
    let (long, short) = (try lab(withFirst: true), try lab(withFirst: false))
    var choice = long.keepingNothing
    choice = long.keeping(1, in: long.keeping(2, in: long.keeping(3, in: choice)))
    choice.files[0].data[1] = .sectors([1, 3])
    let moved = short.transferred(choice, from: long) { $0 == 1 ? 1 : 3 }
    #expect(moved.files[0].data == [.sectors([0, 2])])
    #expect(moved.names == [true])
    #expect(moved.files[0].size == 1)
    choice.files[0].data[1] = .all
    (choice.files[0].size, choice.files[0].exactSize) = (0, 512 + 100)
    #expect(short.transferred(choice, from: long) { $0 == 1 ? 1 : 3 }.files[0].exactSize == 100)
  }
}
