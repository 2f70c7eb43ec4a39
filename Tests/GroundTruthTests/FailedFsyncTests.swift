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

  /// What the laboratory saw and the model does not give, by file system, variant and step, with
  /// how many runs end there.
  ///
  /// - A checkpoint that fails under `data=journal` leaves the old content, or whatever the blocks
  ///   held: the model keeps the new content in the cache and may lose it, and invents nothing.
  /// - btrfs that turned read-only answers syncfs with 0 or EIO; the model with EROFS, as
  ///   `data=journal` does.
  /// - A failed flush may leave what was written before it on the disk or not: the model counts it
  ///   as not written once the data's own write failed, and as allocated once ext4 wrote it.
  static let differences: [String: Int] = [
    "ext4-journal bg: after clean umount+mount": 1,
    "ext4-journal syncfs: after clean umount+mount": 1,
    "ext4-journal heal-retry: after clean umount+mount": 3,
    "ext4-journal later: after clean umount+mount": 3,
    "ext4-journal crash: after clean umount+mount": 5,
    "ext4-journal std: read after DONTNEED": 5,
    "ext4-journal drop: after DONTNEED (failing on)": 7,
    "btrfs syncfs: fsync fd1": 16,
    "btrfs heal-retry: syncfs": 8,
    "btrfs std: syncfs (fd opened after)": 8,
    "ext4-writeback drop: power loss, pending lost": 1,
    "ext4-writeback bg3: power loss, pending lost": 2,
    "ext4-writeback syncfs: power loss, pending lost": 3,
    "ext4-ordered syncfs: power loss, pending lost": 3,
    "xfs msync: power loss, pending lost": 1,
    "xfs odsync: power loss, pending lost": 1,
  ]

  @Test("Every run is compared, or left out by name and counted")
  func runs() throws {
    let file = try ObservationFile.shared.get()
    #expect(file.failures.count == 1704)
    #expect(file.failures.count { $0.fileSystem == Self.fileSystemLeftOut } == 9)
    #expect(file.failures.count(where: Self.isIncomplete) == 8)
    #expect(file.failures.count(where: Self.isCompared) == 1687)
  }

  @Test(
    "A run's results are those of some failure of the device, but for the differences named here",
    arguments: ["ext4-ordered", "ext4-writeback", "ext4-journal", "xfs", "btrfs"])
  func containment(fileSystem: String) throws {
    let file = try ObservationFile.shared.get()
    var found: [String: Int] = [:]
    for run in file.failures where run.fileSystem == fileSystem && Self.isCompared(run) {
      if let step = try Self.difference(run) {
        found["\(fileSystem) \(run.variant): \(step)", default: 0] += 1
      }
    }
    #expect(found == Self.differences.filter { $0.key.hasPrefix(fileSystem + " ") })
  }

  private static func isIncomplete(_ run: ObservationFile.FailureRun) -> Bool {
    run.steps.contains { $0.name == "EXC" }
  }

  private static func isCompared(_ run: ObservationFile.FailureRun) -> Bool {
    run.fileSystem != fileSystemLeftOut && !isIncomplete(run)
  }

  /// The step at which the best of all failures of the device still differs; nil where one agrees.
  private static func difference(_ run: ObservationFile.FailureRun) throws -> String? {
    var best: (place: Int, step: String) = (-1, "")
    for failure in DeviceFailure.all(of: run.fileSystem) {
      guard let step = try FailureLaboratory(run, failure).firstDifference() else { return nil }
      let place = run.steps.firstIndex { $0.name == step } ?? 0
      if place > best.place { best = (place, step) }
    }
    return best.step
  }
}
