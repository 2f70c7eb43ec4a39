import Testing

@testable import DurabilityModel

/// Every failed fsync of the laboratory went as some failure of the device goes on the model.
///
/// A run's steps are performed on the model under every `DeviceFailure`; it is contained where one
/// of them gives each step its result. States after a power cut are compared with those that the
/// model permits there. Runs of `data=journal` and `data=writeback` stand on the rules of
/// `ext4-ordered`, with the after-states of their own.
@Suite("Containment of the failed fsyncs")
struct FailedFsyncTests {
  /// The runs that are not compared: `nodioread_nolock` exposes stale content, which no model of
  /// ours does.
  static let fileSystemLeftOut = "ext4-ordered-nodio"

  @Test("Every run is compared, or left out by name and counted")
  func runs() throws {
    let file = try ObservationFile.shared.get()
    #expect(file.failures.count == 1704)
    #expect(file.failures.count { $0.fileSystem == Self.fileSystemLeftOut } == 9)
    #expect(file.failures.count(where: Self.isIncomplete) == 8)
    #expect(file.failures.count(where: Self.isCompared) == 1687)
  }

  @Test(
    "Every run's results are those of some failure of the device",
    arguments: ["ext4-ordered", "ext4-writeback", "ext4-journal", "xfs", "btrfs"])
  func containment(fileSystem: String) throws {
    let file = try ObservationFile.shared.get()
    var runs: [FailureShape: [ObservationFile.FailureRun]] = [:]
    for run in file.failures where run.fileSystem == fileSystem && Self.isCompared(run) {
      runs[FailureShape(run), default: []].append(run)
    }
    for (shape, runs) in runs {
      for difference in try Self.differences(shape, runs) { Issue.record("\(difference)") }
    }
  }

  private static func isIncomplete(_ run: ObservationFile.FailureRun) -> Bool {
    run.steps.contains { $0.name == "EXC" }
  }

  private static func isCompared(_ run: ObservationFile.FailureRun) -> Bool {
    run.fileSystem != fileSystemLeftOut && !isIncomplete(run)
  }

  /// Of each run that no failure of the device gives, the step at which the best still differs.
  private static func differences(
    _ shape: FailureShape, _ runs: [ObservationFile.FailureRun]
  ) throws -> [String] {
    var open = runs
    var best = [Int](repeating: -1, count: runs.count)
    for failure in DeviceFailure.all(of: shape.fileSystem) where !open.isEmpty {
      let differences = try FailureLaboratory(shape, failure).firstDifferences(open)
      for index in open.indices.reversed() {
        if let place = differences[index] {
          best[index] = max(best[index], place)
        } else {
          open.remove(at: index)
          best.remove(at: index)
        }
      }
    }
    return zip(open, best).map { run, place in
      let step = run.steps[place]
      return "\(run.fileSystem) \(run.variant), \(run.operation), \(run.failure) failing: "
        + "\"\(step.name)\" gave \(step.result)"
    }
  }
}
