import Glibc
import Testing

extension EndToEndTests {
  @Suite("Real databases", .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open"))
  struct DatabaseTests {
    static let isBuilt =
      access(
        Machine.torture.split(separator: "/", omittingEmptySubsequences: false).dropLast()
          .joined(separator: "/") + "/torture-databases", X_OK) == 0

    /// A life of a few requests: what is tried here is that the databases run at all, and that the
    /// verdicts are the right ones.
    static func scenario(_ contract: String) -> String {
      """
      {
        purpose: "a short life of a real database, one epoch and few requests",
        dimension: 2, operations: 8, epochs: 1, swarm: false,
        weights: { put: 6, delete: 2, batch: 1 },
        recordBytes: { minimum: 0, maximum: 64 },
        explosion: { exhaustiveUpTo: 16, samplesPerPoint: 8 },
        \(contract)
      }
      """
    }

    static func run(
      _ subject: String, _ contract: String = "", model: String = "ext4-ordered", status: Int32
    ) throws -> ReportFile {
      let workspace = try Workspace()
      let path = try workspace.write(scenario(contract), to: "short.json5")
      let outcome = try workspace.run([
        path, "--subject", subject, "--model", model, "--seed", "1", "--seeds", "1", "--jobs", "1",
        "--quiet",
      ])
      #expect(outcome.status == status, "\(subject): \(outcome.output)\(outcome.errors)")
      return try ReportFile(of: workspace)
    }

    @Test(
      "A durable setting holds on ext4 as it is", .enabled(if: isBuilt, "no torture-databases"),
      arguments: ["sqlite-wal-full", "sqlite-rollback-extra", "leveldb-sync", "rocksdb-sync"])
    func durable(subject: String) throws {
      let report = try Self.run(subject, status: 0)
      #expect(report.verdictNames == ["held"])
      #expect(report.activity.statesWithDrops > 5)
    }

    @Test(
      "A relaxed setting loses acknowledged writes when it is held to keep them",
      .enabled(if: isBuilt, "no torture-databases"),
      arguments: ["sqlite-wal-normal", "sqlite-wal-off", "lmdb-nosync", "leveldb-nosync"])
    func relaxed(subject: String) throws {
      let report = try Self.run(subject, "contract: { acknowledgement: \"durable\" }", status: 1)
      #expect(report.verdictNames == ["broken"])
    }

    @Test(
      "SQLite that could not change its journal does not go on in the other one",
      .enabled(if: isBuilt, "no torture-databases"))
    func journalChange() throws {
      // The commit behind the pragma's answer fails with the journal.
      let fault = #"{ operation: "write-back", errno: "EDQUOT", role: "data.db-journal" }"#
      let report = try Self.run(
        "sqlite-wal-full", "faults: [\(fault)],", model: "posix-min", status: 0)
      #expect(report.activity.faultsFired > 0)
    }

    @Test(
      "Where the program is missing, one line says how to get it",
      .enabled(if: !isBuilt, "torture-databases is there"))
    func missing() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run(["smoke", "--subject", "lmdb", "--seeds", "1", "--quiet"])
      #expect(outcome.status == 3)
      #expect(outcome.errors.contains("make databases installs libsqlite3-dev, liblmdb-dev"))
    }
  }
}
