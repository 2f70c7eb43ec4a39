@testable import DurabilityModel
import Testing

/// Whatever a real file system showed after a power cut, its model permits at that stage.
///
/// And what it permits beyond that is kept in `Fixtures/unobserved.txt`, with its reason.
///
/// The data file is the measurement; the workloads run on the model; the names come from the
/// workloads' own naming. Sector tears are on, as the laboratory injected them.
@Suite("Containment of the ground truth")
struct ContainmentTests {
  /// The models that are held to a file system of their own name. `lazyfs` models no file system
  /// that was measured.
  static let models: [PersistenceModelName] = [.posixMin, .ext4Ordered, .xfs, .btrfs]

  /// Stages that are no stage: images that could not be mounted, all of them.
  static let stageLeftOut = "any"

  /// What no model has. ext4 with `data=writeback` gives blocks that an unlink or a truncation
  /// frees to other files before either is on the disk, so that the file comes back with foreign
  /// content: never in `data=ordered`. disk.md has both undone, not damaged.
  static let foreignContent = (
    fileSystem: "ext4-writeback", observations: ["m0mO size=old"], flags: ["content damaged"]
  )

  @Test("Every row is compared, or left out by name and counted")
  func rows() throws {
    let file = try ObservationFile.shared.get()
    let names = Set(Workload.all.map(\.name))
    #expect(names.count == 68 && Workload.all.count == 68)
    #expect(Set(file.rows.map(\.workload)) == names)
    #expect(Set(file.flags.map(\.workload)).isSubset(of: names))
    let leftOut = file.rows.filter { $0.stage == Self.stageLeftOut }
    #expect(leftOut.allSatisfy { $0.observation.hasPrefix("MOUNT FAILED errno ") })
    #expect(leftOut.count == 79)
    #expect(leftOut.reduce(0) { $0 + $1.count } == 1617)
    let compared = file.rows.filter { $0.stage != Self.stageLeftOut }
    #expect(
      Set(compared.map(\.stage)) == ["pre", "synced", "after-unrelated-fsync", "post"])
    #expect(compared.reduce(0) { $0 + $1.count } == 500_580)
    let foreign = file.rows.filter(Self.isForeign)
    #expect(foreign.count == 2 && foreign.reduce(0) { $0 + $1.count } == 50)
    let foreignFlags = file.flags.filter(Self.isForeign)
    #expect(foreignFlags.count == 2 && foreignFlags.reduce(0) { $0 + $1.count } == 24)
    var counts: [String: Int] = [:]
    for row in compared { counts[row.fileSystem, default: 0] += 1 }
    #expect(
      counts == [
        "ext4-ordered": 614, "xfs": 558, "btrfs": 338, "ext4-journal": 327,
        "ext4-writeback": 575, "ext4-fastcommit": 188, "ext4-ordered-nodio": 199,
        "ext4-writeback-nodio": 176, "ext4-noauto": 48,
      ])
  }

  @Test("Every kept cell that was never observed has a reason and names what there is")
  func unobserved() throws {
    let reasons = try Unobserved.shared.get().reasons
    let workloads = Set(Workload.all.map { Unobserved.identifier(of: $0.name) })
    #expect(workloads.count == Workload.all.count)
    #expect(Set(reasons.keys.map(\.model)) == ["ext4-ordered", "xfs", "btrfs"])
    #expect(reasons.keys.allSatisfy { workloads.contains($0.workload) })
    #expect(reasons.values.allSatisfy { $0.count > 80 })
    #expect(Set(reasons.values).count == 12)
  }

  @Test(
    "A model permits all that its file system showed, and beyond it what is listed with a reason",
    arguments: Workload.all.map(\.name), models)
  func containment(name: String, model: PersistenceModelName) throws {
    let workload = try #require(Workload.all.first { $0.name == name })
    let wantedHere = try wanted(name, model)
    try #require(!wantedHere.names.isEmpty)
    var missing = wantedHere
    var found = CrashSearch.Found()
    let search = CrashSearch(workload: workload, parameters: DiskParameters(model: model))
    let points = try search.crashPoints()
    if model == .posixMin {
      search.enumerate(points, ExplosionLimits(), .untilFound, &found, &missing)
    } else {
      search.enumerate(points, ExplosionLimits(), .wholly, &found, &missing)
      try compareUnobserved(found, wantedHere, name, model)
    }
    search.direct(points, &found, &missing)
    for (stage, names) in missing.names.sorted(by: { $0.key < $1.key }) {
      for name in names.sorted() {
        Issue.record("\(model.rawValue) does not permit, at stage \(stage): \(name)")
      }
    }
    for flag in missing.flags.sorted() {
      Issue.record("\(model.rawValue) does not permit: \(flag)")
    }
  }

  /// Holds what was found and never observed against the kept list, both ways.
  private func compareUnobserved(
    _ found: CrashSearch.Found, _ observed: CrashSearch.Wanted, _ name: String,
    _ model: PersistenceModelName
  ) throws {
    let workload = Unobserved.identifier(of: name)
    var cells: [Unobserved.Cell: String] = [:]
    for (stage, outcomes) in found.outcomes {
      for (outcome, witness) in outcomes
      where observed.names[stage]?.contains(outcome.name) != true {
        let cell = Unobserved.Cell(
          model: model.rawValue, stage: stage, shape: Unobserved.shape(of: outcome.name),
          workload: workload)
        cells[cell] = "\(outcome.name) by \(witness)"
      }
    }
    let kept = try Unobserved.shared.get().cells(of: name, model.rawValue)
    for (cell, example) in cells where !kept.contains(cell) {
      Issue.record(
        """
        permitted, never observed, and not listed: \(cell.model) \(cell.stage) \(cell.shape): \
        \(workload), as \(example)
        """)
    }
    for cell in kept where cells[cell] == nil {
      Issue.record(
        "listed, and permitted no more: \(cell.model) \(cell.stage) \(cell.shape): \(workload)")
    }
  }

  private static func isForeign(_ row: ObservationFile.Row) -> Bool {
    row.fileSystem == foreignContent.fileSystem
      && foreignContent.observations.contains(row.observation)
  }

  private static func isForeign(_ flag: ObservationFile.Flag) -> Bool {
    flag.fileSystem == foreignContent.fileSystem && foreignContent.flags.contains(flag.flag)
  }

  /// What the data file has for `model`: the rows of its file system, or all of them.
  private func wanted(
    _ workload: String, _ model: PersistenceModelName
  ) throws -> CrashSearch.Wanted {
    let file = try ObservationFile.shared.get()
    var wanted = CrashSearch.Wanted(names: [:])
    for row in file.rows where row.workload == workload && row.stage != Self.stageLeftOut {
      guard model == .posixMin || row.fileSystem == model.rawValue, !Self.isForeign(row) else {
        continue
      }
      wanted.names[row.stage, default: []].insert(row.observation)
    }
    for flag in file.flags where flag.workload == workload && flag.flag != "mount failed" {
      guard model == .posixMin || flag.fileSystem == model.rawValue,
        !Self.isForeign(flag)
      else { continue }
      wanted.flags.insert(flag.flag)
    }
    return wanted
  }
}
