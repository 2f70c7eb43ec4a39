import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "A machine that lacks something",
    .enabled(if: Machine.isAlmighty, "needs root with the right to mount, unshare and setpriv"))
  struct MachineTests {
    static let strict = [
      Workspace.scenario("strict"), "--target", "fuse", "--seed", "1", "--seeds", "1", "--jobs",
      "1",
      "--quiet",
    ]

    /// A command prefix: a mount namespace of its own in which `setup` has run, as root or as
    /// nobody.
    static func namespace(_ setup: String, asNobody: Bool = false) -> [String] {
      let user = "setpriv --reuid 65534 --regid 65534 --clear-groups "
      return [
        "unshare", "--mount", "sh", "-c", "set -e; \(setup); exec \(asNobody ? user : "")\"$@\"",
        "sh",
      ]
    }

    /// A device node for FUSE with these permissions, to be bound over the real one.
    static func node(_ workspace: Workspace, _ mode: mode_t) throws -> String {
      let path = workspace.path + "/fuse"
      try #require(mknod(path, S_IFCHR | mode, 10 << 8 | 229) == 0)
      try #require(chmod(path, mode) == 0)
      return "mount --bind \(path) /dev/fuse"
    }

    /// Checks that a run measured nothing, said why in one line, and left nothing.
    static func expectNotMeasured(
      _ outcome: Outcome, _ says: String, _ workspace: Workspace,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(outcome.status == 3, sourceLocation: sourceLocation)
      #expect(outcome.complaints.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
      #expect(outcome.errors.contains(says), "\(outcome.errors)", sourceLocation: sourceLocation)
      workspace.expectNothingLeft(sourceLocation: sourceLocation)
    }

    @Test("Without /dev/fuse nothing is measured, and the line tells how to get it")
    func missing() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        Self.strict, after: Self.namespace("mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3")
      )
      Self.expectNotMeasured(outcome, "modprobe fuse", workspace)
      #expect(try ReportFile(of: workspace).problem?.contains("/dev/fuse") == true)
    }

    @Test("Something else at /dev/fuse is told from the device", arguments: [true, false])
    func somethingElse(isDevice: Bool) throws {
      let workspace = try Workspace()
      let other = isDevice ? "/dev/null" : try workspace.write("", to: "empty")
      let outcome = try workspace.run(
        Self.strict, after: Self.namespace("mount --bind \(other) /dev/fuse"))
      Self.expectNotMeasured(outcome, "is not the FUSE device", workspace)
    }

    @Test("A closed /dev/fuse is explained, by the run and by the doctor")
    func closed() throws {
      let workspace = try Workspace()
      try #require(chown(workspace.path, 65534, 65534) == 0)
      let closed = Self.namespace(try Self.node(workspace, 0o600), asNobody: true)
      let outcome = try workspace.run(Self.strict, after: closed)
      Self.expectNotMeasured(outcome, "chmod 0666 /dev/fuse", workspace)
      let doctor = try workspace.torture(["doctor"], after: closed)
      #expect(doctor.status == 3)
      #expect(doctor.output.contains("MISSING  /dev/fuse can be opened"))
      #expect(doctor.output.contains("chmod 0666 /dev/fuse"))
      workspace.expectNothingLeft()
    }

    @Test("A machine that has everything is well")
    func doctor() throws {
      let workspace = try Workspace()
      let doctor = try workspace.torture(["doctor"])
      #expect(doctor.status == 0, "\(doctor.output)")
      #expect(!doctor.output.contains("MISSING"))
      workspace.expectNothingLeft()
    }

    @Test(
      "An ordinary user with an open /dev/fuse gets the results of root",
      .enabled(if: Machine.has("fusermount3"), "fusermount3 is not installed"))
    func ordinaryUser() throws {
      let options = [
        Workspace.scenario("small"), "--target", "fuse", "--seed", "1", "--seeds", "1", "--quiet",
      ]
      let own = try Workspace()
      #expect(try own.run(options).status == 0)
      let workspace = try Workspace()
      try #require(chown(workspace.path, 65534, 65534) == 0)
      let open = Self.namespace(try Self.node(workspace, 0o666), asNobody: true)
      let outcome = try workspace.run(options, after: open)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.complaints == [])
      #expect(try ReportFile(of: workspace).determined == ReportFile(of: own).determined)
      workspace.expectNothingLeft()
    }

    @Test("A full disk costs the report and nothing else, and the line says so")
    func fullDisk() throws {
      let workspace = try Workspace()
      let disk = workspace.path + "/disk"
      try #require(mkdir(disk, 0o755) == 0)
      try #require(mount("none", disk, "tmpfs", 0, "size=64k") == 0)
      defer { umount2(disk, Int32(MNT_DETACH)) }
      for (filled, subject) in [(16, "reference"), (13, "reference"), (13, "canary-no-fsync")] {
        try String(repeating: "x", count: filled * 4096).write(toFile: disk + "/fill")
        let outcome = try workspace.torture([
          "run", Workspace.scenario("strict"), "--target", "sim", "--subject", subject, "--seed",
          "1", "--seeds", "1", "--report", disk + "/report",
        ])
        #expect(outcome.status == 3)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("no space left on the device"), "\(outcome.errors)")
        #expect(outcome.lastLine.wholeMatch(of: ReportTests.lastLine) != nil)
        for directory in [disk + "/report", disk + "/report/failures"] {
          let left = try Started(
            ["find", directory, "-mindepth", "1", "-not", "-name", "failures"], environment: [],
            output: workspace.path
          ).wait()
          #expect(left.output == "")
        }
      }
    }

    @Test("A report that cannot be written anywhere is refused before anything runs")
    func unwritable() throws {
      let workspace = try Workspace()
      try #require(chmod(workspace.temporary, 0o777) == 0)
      let locked = workspace.path + "/locked"
      try #require(mkdir(locked, 0o755) == 0)
      let file = try workspace.write("", to: "file")
      let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
      for (directory, says) in [
        (locked, "Permission denied"), (locked + "/below", "no permission"),
        (file, "something else is there"), (file + "/below", "Not a directory"),
      ] {
        let outcome = try workspace.torture(
          [
            "run", Workspace.scenario("strict"), "--target", "sim", "--seeds", "1", "--report",
            directory,
          ], after: nobody)
        #expect(outcome.status == 3)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("\(directory): cannot be"), "\(outcome.errors)")
        #expect(outcome.errors.contains(says), "\(outcome.errors)")
        #expect(outcome.output == "")
      }
      workspace.expectNothingLeft()
    }
  }
}
