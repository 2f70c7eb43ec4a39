import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Properties of random histories under each model")
struct ModelPropertyTests {
  static let models: [PersistenceModelName] = [.ext4Ordered, .xfs, .btrfs, .lazyfs]
  static let limits = ExplosionLimits(exhaustiveUpTo: 16, samplesPerPoint: 4)

  /// The history of `seed` under `model`, with write-back steps.
  private func history(_ model: PersistenceModelName, _ seed: UInt64) -> RandomHistory {
    RandomHistory(
      Seed(seed).derived("history"), DiskParameters(model: model), writingBack: true)
  }

  @Test(
    "Every listed choice is accepted, reads back as it was printed, and leaves nothing pending",
    arguments: models, [UInt64](0..<6))
  func listed(model: PersistenceModelName, seed: UInt64) {
    var history = history(model, seed)
    for _ in 0..<25 {
      history.step()
      let disk = history.lab.disk
      let choices = disk.choices(Self.limits, seed: Seed(seed))
      #expect(!choices.isEmpty && choices == disk.choices(Self.limits, seed: Seed(seed)))
      for choice in choices {
        let isAccepted = disk.accepts(choice)
        #expect(isAccepted, "seed \(seed): \(choice.text)")
        #expect(PowerLossChoice(parsing: choice.text) == choice, "seed \(seed): \(choice.text)")
        let state = disk.afterPowerLoss(choice)
        #expect(state.pendingCount == 0, "seed \(seed): \(choice.text)")
        #expect(state.choices(Self.limits) == [PowerLossChoice(names: [], files: [])])
      }
    }
  }

  @Test(
    "What was permitted before an operation stays permitted, unless it made something durable",
    arguments: models, [UInt64](0..<6))
  func monotone(model: PersistenceModelName, seed: UInt64) throws {
    var history = history(model, seed)
    for _ in 0..<40 { history.step() }
    let recording = try #require(history.lab.world.recording)
    var disk = recording.start
    for recorded in recording.operations {
      let before = disk
      disk.apply(recorded.operation)
      guard !disk.endsStates(recorded.operation), recorded.operation.kindName != "setattr" else {
        continue
      }
      for choice in before.choices(Self.limits, seed: Seed(seed)) {
        let extended = HistoryPropertyTests.extend(choice, to: disk)
        let isAccepted = disk.accepts(extended)
        #expect(
          isAccepted,
          "seed \(seed), operation \(disk.operationCount): \(extended.text)"
        )
        #expect(
          disk.afterPowerLoss(extended).tree == before.afterPowerLoss(choice).tree,
          "\(model.rawValue), seed \(seed), operation \(disk.operationCount): \(choice.text)")
      }
    }
  }

  @Test(
    "Under a model of a real file system the new states of each point add up to those of the last",
    arguments: CellLab.fileSystems)
  func newStatesAdd(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 9000))
    let start = lab.disk
    try lab.write(file.handle, filled(2, 600), at: 0)
    try lab.world.setSize(file.handle, to: 5000)
    try lab.rename("a", to: "b")
    try lab.write(file.handle, filled(3, 4000), at: 5000)
    let recording = try #require(lab.world.recording)
    var disk = start
    var seen: Set<[String: [UInt8]]> = [start.tree]
    let limits = ExplosionLimits(exhaustiveUpTo: 256)
    for operation in recording.operations.suffix(4) {
      disk.apply(operation.operation)
      for choice in disk.choices(limits, onlyNew: true) {
        seen.insert(disk.afterPowerLoss(choice).tree)
      }
    }
    let whole = disk.choices(limits)
    #expect(whole.count > 10)
    for choice in whole { #expect(seen.contains(disk.afterPowerLoss(choice).tree)) }
  }
}
