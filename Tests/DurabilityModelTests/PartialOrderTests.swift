import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// disk.md, "Models are a partial order": over fault-free histories, what any model permits
/// `posix-min` permits.
@Suite("Models are a partial order")
struct PartialOrderTests {
  static let others: [PersistenceModelName] = [.ext4Ordered, .xfs, .btrfs, .lazyfs]
  static let limits = ExplosionLimits(exhaustiveUpTo: 32, samplesPerPoint: 6)

  @Test(
    "Every state that a model permits posix-min permits",
    arguments: others, [UInt64](0..<8) + [32])
  func superset(model: PersistenceModelName, seed: UInt64) {
    var history = RandomHistory(
      Seed(seed).derived("order"), DiskParameters(model: model), writingBack: true)
    var posix = Disk(parameters: DiskParameters())
    var applied = 0
    var states = 0
    for _ in 0..<25 {
      history.step()
      let operations = history.lab.world.recording?.operations ?? []
      for recorded in operations[applied...] { posix.apply(recorded.operation) }
      applied = operations.count
      let disk = history.lab.disk
      for choice in disk.choices(Self.limits, seed: Seed(seed)) {
        let state = disk.afterPowerLoss(choice)
        let translation = Translation(choice, disk, posix)
        let same = translation.candidates.contains {
          posix.accepts($0) && posix.afterPowerLoss($0).tree == state.tree
        }
        #expect(
          same,
          """
          \(model.rawValue), seed \(seed), after operation \(disk.operationCount): \(choice.text)
          as posix-min: \(translation.candidates[0].text)
          """)
        states += 1
        if !same { return }
      }
    }
    #expect(states > 20, "\(model.rawValue), seed \(seed)")
  }
}

/// A choice of another model as one of `posix-min`: the same operations, of which more are pending.
struct Translation {
  /// The choices that may give the same image, the plainest first.
  private(set) var candidates: [PowerLossChoice] = []

  init(_ choice: PowerLossChoice, _ disk: Disk, _ posix: Disk) {
    let dropped = Set(
      zip(disk.pendingNames, choice.names).filter { !$0.1 }.map(\.0.operation))
    let names = posix.pendingNames.map { !dropped.contains($0.operation) }
    // Whether the start of a cut that a barrier committed is kept: it makes a difference only where
    // the disk has something behind it.
    for keepsCuts in [true, false] {
      var files: [PowerLossChoice.FileChoice] = []
      for index in posix.inodes.indices where posix.inodes[index].isAlive {
        let inode = posix.inodes[index]
        guard !inode.pendingData.isEmpty || !inode.pendingSizes.isEmpty else { continue }
        files.append(
          Self.file(InodeNumber(UInt32(index)), choice, disk, posix, keepsCuts: keepsCuts))
      }
      candidates.append(PowerLossChoice(names: names, files: files))
    }
  }

  private static func file(
    _ number: InodeNumber, _ choice: PowerLossChoice, _ disk: Disk, _ posix: Disk, keepsCuts: Bool
  ) -> PowerLossChoice.FileChoice {
    guard let here = posix[number] else { preconditionFailure("a file with pending data is there") }
    let there = disk[number]
    let file =
      choice.files.first { $0.inode == number }
      ?? PowerLossChoice.FileChoice(
        inode: number,
        data: Array(repeating: .none, count: there?.pendingData.count ?? 0), size: 0)
    let kept = there.map { disk.keptSectors(file, $0).perItem } ?? []
    let sectorSize = posix.parameters.sectorSize
    let data = here.pendingData.map { item -> PowerLossChoice.KeptData in
      let units = item.units(of: sectorSize)
      let sectors = units.filter { sector in
        let bounds = UInt64(sector * sectorSize)..<UInt64((sector + 1) * sectorSize)
        let same = (there?.pendingData ?? []).indices.filter {
          there?.pendingData[$0].operation == item.operation
            && there?.pendingData[$0].part(within: bounds) != nil
        }
        if same.isEmpty {
          return keepsCuts
            || !here.pendingData.contains {
              $0.bytes == nil && $0.offset > bounds.lowerBound && $0.offset < bounds.upperBound
            }
        }
        return same.contains { kept[$0].contains(sector) }
      }
      return sectors.isEmpty ? .none : sectors.count == units.count ? .all : .sectors(sectors)
    }
    var result = PowerLossChoice.FileChoice(inode: number, data: data, size: 0)
    (result.size, result.exactSize) = size(file, there, here)
    return result
  }

  private static func size(
    _ file: PowerLossChoice.FileChoice, _ there: Inode?, _ here: Inode
  ) -> (Int, UInt64?) {
    guard let there else { return (here.pendingSizes.count, nil) }
    func place(behind operation: UInt64) -> Int {
      here.pendingSizes.count { $0.operation <= operation }
    }
    // What is pending there comes behind all that is durable there.
    let first = there.pendingSizes.first?.operation ?? UInt64.max
    let base = here.pendingSizes.count { $0.operation < first }
    let size = file.size == 0 ? base : place(behind: there.pendingSizes[file.size - 1].operation)
    return (size, file.exactSize)
  }
}
