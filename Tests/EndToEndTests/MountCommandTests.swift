import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "torture mount: a disk for any program", .enabled(if: Machine.hasFuse, "/dev/fuse is missing"))
  struct MountCommandTests {
    @Test("What no barrier covered is lost in a crash that keeps nothing, and the rest is there")
    func crash() throws {
      let disk = try MountedDisk()
      try disk.run("echo kept > kept; sync kept; sync .; echo lost > lost; echo more >> kept")
      let status = try disk.ask("status")
      #expect(status.contains("pending 10 bytes in 2 files, 1 names\n"), "\(status)")
      #expect(status.contains("file /kept: 5 bytes in 1 operations, size 10, on disk 5\n"))
      #expect(status.contains("file /lost: 5 bytes in 1 operations, size 5, on disk 0\n"))
      #expect(try disk.ask("crash").hasPrefix("crash 1 (none): 10 bytes and 1 names were pending"))
      #expect(try disk.run("ls; cat kept") == "kept\nkept\n")
      #expect(try disk.ask("status").contains("pending 0 bytes in 0 files, 0 names\n"))
      try disk.end()
    }

    @Test("A crash that keeps all loses nothing; sync makes all durable")
    func keepAll() throws {
      let disk = try MountedDisk()
      try disk.run("mkdir d; echo one > d/a; ln d/a b; ln -s d c")
      try disk.ask("crash", "--keep", "all")
      #expect(try disk.run("cat b; ls d c/") == "one\nc/:\na\n\nd:\na\n")
      try disk.run("echo two > d/e; rm b")
      #expect(try disk.ask("sync") == "0 operations are pending still\n")
      try disk.ask("crash", "--keep", "none")
      #expect(try disk.run("ls; cat d/e") == "c\nd\ntwo\n")
      try disk.end()
    }

    @Test("The same seed keeps the same of the same disk, and some seeds differ")
    func seeds() throws {
      let disk = try MountedDisk()
      try disk.run(
        "for i in 1 2 3 4 5 6; do head -c 3000 /dev/zero | tr '\\0' $i > f$i; done; sync f1 f2")
      try disk.ask("snapshot", "before")
      var states: [String] = []
      for seed in ["1", "2", "3", "4", "1", "2"] {
        try disk.ask("restore", "before")
        try disk.ask("crash", "--seed", seed)
        states.append(try disk.run("ls -A | while read f; do echo \"$f\"; cksum < \"$f\"; done"))
      }
      #expect(states[0] == states[4] && states[1] == states[5])
      #expect(Set(states).count > 1)
      try disk.end()
    }

    @Test(
      "After a crash open files and old directories are stale, and the disk is usable at once",
      arguments: ["direct", "cached"])
    func stale(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      try disk.run("mkdir d; echo data > d/f; sync d/f; sync d; sync .")
      let client = try disk.start(
        """
        cd d; exec 3<>f; head -c 4 <&3; echo; while [ ! -e "$OUT/go" ]; do sleep 0.01; done
        (echo x >&3) 2>&1 && echo written; (ls) 2>&1 && echo listed; cat "$DISK/d/f"
        echo new > "$DISK/new"; cat "$DISK/new"
        """)
      #expect(client.poll { client.printed == "data\n" }, "\(client.printed)")
      try disk.ask("crash")
      _ = try disk.workspace.write("", to: "go")
      let outcome = try client.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(!outcome.output.contains("written") && !outcome.output.contains("listed"))
      #expect(outcome.output.contains("Stale file handle"), "\(outcome.output)")
      #expect(outcome.output.hasSuffix("data\nnew\n"), "\(outcome.output)")
      try disk.end()
    }

    @Test("A fault is armed, meets the operation it names, is told, and forgotten")
    func faults() throws {
      let disk = try MountedDisk()
      #expect(
        try disk.ask("fault", "request=*", "write", "log-#", "nth=2", "ENOSPC").contains("armed"))
      let first = try disk.sh("date > log-7; date >> log-7; date >> log-7")
      #expect(first.status != 0)
      #expect(first.errors.contains("No space left on device"), "\(first.errors)")
      #expect(try disk.ask("status").contains("fault fired write log-# nth=2 ENOSPC"))
      try disk.ask("fault", "fsync * nth=1 EIO")
      #expect(try disk.ask("status").contains("fault armed fsync * nth=1 EIO"))
      #expect(try disk.ask("clear") == "forgot 2 faults\n")
      try disk.run("echo 4 >> log-7; sync log-7")
      #expect(!(try disk.ask("status").contains("fault ")))
      try disk.end()
    }

    @Test("Snapshots hold what is pending, and may be gone back to again and again")
    func snapshots() throws {
      let disk = try MountedDisk()
      try disk.run("echo a > a; sync a; sync .; echo b > b")
      try disk.ask("snapshot", "one")
      try disk.run("rm a; echo c > c; sync c; sync .")
      try disk.ask("snapshot", "two")
      for _ in 0..<3 {
        try disk.ask("restore", "one")
        #expect(try disk.run("ls") == "a\nb\n")
        try disk.ask("crash")
        #expect(try disk.run("ls") == "a\n")
        try disk.ask("restore", "two")
        // The name of b was made durable with its directory; its data never was.
        #expect(try disk.run("ls; cat b") == "b\nc\nb\n")
      }
      let refused = try disk.control("restore", "three")
      #expect(refused.status == 2)
      #expect(
        refused.complaints == [
          "torture: there is no snapshot \"three\"; status lists those there are"
        ])
      try disk.end()
    }

    @Test("Mount, socket and run directory are the owner's alone, and open only where asked")
    func ownership() throws {
      for (options, mode) in [([], "700"), (["--allow-other"], "755")] {
        let disk = try MountedDisk(options)
        let outside = "stat -c '%a %u' \"$DISK\" \"$OUT/control\" \"$OUT\"/tmp/torture-*/*"
        let user = geteuid()
        #expect(try disk.run(outside) == "\(mode) \(user)\n600 \(user)\n700 \(user)\n")
        try disk.ask("crash")
        #expect(try disk.run("stat -c %a .") == "\(mode)\n")
        try disk.end()
      }
    }

    @Test("SIGINT and SIGTERM unmount while programs use the disk", arguments: [SIGINT, SIGTERM])
    func signals(signal: Int32) throws {
      let disk = try MountedDisk()
      let client = try disk.start("exec 3>f; echo ready; exec sleep 1000")
      #expect(client.poll { client.printed == "ready\n" })
      disk.server.signal(signal)
      let outcome = try disk.server.wait(seconds: 20)
      #expect(outcome.status == 0)
      #expect(outcome.output.hasSuffix("unmounted \(disk.path) after signal \(signal)\n"))
      #expect(disk.workspace.mounts() == [])
      client.signal(SIGKILL)
      _ = try client.wait()
      disk.workspace.expectNothingLeft()
    }

    @Test("An unmount by somebody else ends it, once nobody has files open any more")
    func unmountedFromOutside() throws {
      let disk = try MountedDisk()
      let client = try disk.start(
        "exec 3>f; echo ready; while [ ! -e \"$OUT/go\" ]; do sleep 0.01; done; echo x >&3")
      #expect(client.poll { client.printed == "ready\n" })
      // A shell that stands in the mount has to leave it; the file stays open.
      #expect(disk.workspace.unmount(disk.path))
      let server = disk.server
      #expect(server.poll { server.printed.contains("unmounted by somebody else; serving") })
      #expect(!server.hasEnded())
      _ = try disk.workspace.write("", to: "go")
      #expect(try client.wait().status == 0)
      let outcome = try server.wait(seconds: 20)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.hasSuffix("was unmounted by somebody else\n"), "\(outcome.output)")
      disk.workspace.expectNothingLeft()
    }

    @Test("What a killed mount left is gone after the next run, and nothing else is")
    func killed() throws {
      let disk = try MountedDisk()
      disk.server.signal(SIGKILL)
      _ = try disk.server.wait()
      #expect(disk.workspace.mounts() == [disk.path])
      let other = try disk.workspace.start(["mount", disk.path, "--control", disk.socket])
      #expect(other.poll { other.printed.contains("torture: mounted") }, "\(other.printed)")
      #expect(disk.workspace.mounts() == [disk.path])
      #expect(disk.workspace.runDirectories().count == 1)
      // One that lives is not touched by the next run.
      #expect(try disk.workspace.torture(["doctor"]).status == 0)
      let sweep = try disk.workspace.run([
        Workspace.scenario("small"), "--target", "sim", "--seeds", "1", "--quiet",
      ])
      #expect(sweep.status == 0)
      #expect(try disk.sh("echo x > x; cat x").output == "x\n")
      #expect(try disk.ask("unmount") == "unmounted\n")
      #expect(try other.wait().status == 0)
      #expect(disk.workspace.mounts() == [])
    }

    @Test("A place that cannot be mounted at is one line and status 2")
    func places() throws {
      let disk = try MountedDisk()
      let workspace = disk.workspace
      try #require(mkdir(workspace.path + "/full", 0o755) == 0)
      let file = try workspace.write("", to: "full/file")
      let empty = workspace.path + "/empty"
      try #require(mkdir(empty, 0o755) == 0)
      let long = workspace.path + "/" + String(repeating: "s", count: 120)
      let cases: [(words: [String], says: String)] = [
        ([disk.path], "something is mounted there already"),
        ([workspace.path + "/disk/"], "something is mounted there already"),
        ([workspace.path + "/full"], "the directory is not empty"),
        ([file], "ENOTDIR"), ([workspace.path + "/none"], "create the directory first"),
        ([], "usage: torture mount MOUNTPOINT"),
        ([empty, empty], "usage: torture mount MOUNTPOINT"),
        ([empty, "--model", "ext9"], "--model takes one of "),
        ([empty, "--mode", "fast"], "--mode takes direct or cached, not \"fast\""),
        ([empty, "--quota", "0"], "--quota takes a number of bytes"),
        ([empty, "--quota", "99999999999T"], "--quota takes a number of bytes"),
        ([empty, "--control", long], "a path of more than 107 bytes"),
        ([empty, "--control", file], "cannot listen at the control socket"),
        ([empty, "--control", disk.socket], "cannot listen at the control socket"),
      ]
      for (words, says) in cases {
        let outcome = try workspace.torture(["mount"] + words)
        #expect(outcome.status == 2, "\(words)")
        #expect(outcome.complaints.count == 1, "\(words): \(outcome.errors)")
        #expect(outcome.errors.contains(says), "\(words): \(outcome.errors)")
        #expect(outcome.output == "")
      }
      #expect(workspace.mounts() == [disk.path])
      #expect(access(file, F_OK) == 0)
      try disk.end()
    }

    @Test("Without /dev/fuse it is one line and status 3", .enabled(if: Machine.isAlmighty))
    func noDevice() throws {
      let workspace = try Workspace()
      let place = workspace.path + "/disk"
      try #require(mkdir(place, 0o755) == 0)
      let outcome = try workspace.torture(
        ["mount", place],
        after: MachineTests.namespace("mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3"))
      MachineTests.expectNotMeasured(outcome, "modprobe fuse", workspace)
    }

    @Test(
      "An ordinary user mounts, crashes and unmounts",
      .enabled(if: Machine.isAlmighty && Machine.has("fusermount3")))
    func ordinaryUser() throws {
      let workspace = try Workspace()
      try #require(chown(workspace.path, 65534, 65534) == 0)
      let script = """
        mkdir disk; "$1" mount "$PWD/disk" --control "$PWD/control" > printed & pid=$!
        while ! grep -q mounted printed; do sleep 0.01; done
        echo a > disk/a; sync disk/a; sync disk; echo b > disk/b
        "$1" control control crash; ls disk; stat -c %u disk/a
        "$1" control control unmount; wait $pid
        """
      let outcome = try Started(
        MachineTests.namespace(try MachineTests.node(workspace, 0o666), asNobody: true)
          + ["sh", "-e", "-c", "cd \"$0\"; \(script)", workspace.path, Machine.torture],
        environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(workspace.temporary)"], output: workspace.path
      ).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.hasSuffix("\na\n65534\nunmounted\n"), "\(outcome.output)")
      workspace.expectNothingLeft()
    }

    @Test("What control cannot do is one line: refused, or nobody listens")
    func control() throws {
      let workspace = try Workspace()
      let cases: [(words: [String], status: Int32, says: String)] = [
        ([], 2, "usage: torture control SOCKET REQUEST"),
        (["\(workspace.path)/none", "status"], 3, "no torture mount listens at"),
        (["/dev/null", "status"], 3, "no torture mount listens at /dev/null"),
        (["x", "frobnicate"], 2, "there is no request \"frobnicate\""),
        (["x", "crash", "--keep", "some"], 2, "--keep takes none or all, not \"some\""),
        (["x", "crash", "--seed", "banana"], 2, "--seed takes a decimal number"),
        (["x", "crash", "--keep", "all", "--seed", "1"], 2, "crash takes --keep none"),
        (["x", "fault", "everything fails"], 2, "torture list faults shows the form"),
        (["x", "fault", "request=7 fsync * nth=1 EIO"], 2, "write request=*"),
        (["x", "snapshot"], 2, "snapshot takes one name"),
        (["x", "snapshot", "a/b"], 2, "unlike \"a/b\""),
        (["x", "status", "now"], 2, "status takes no words"),
      ]
      for (words, status, says) in cases {
        let outcome = try workspace.torture(["control"] + words)
        #expect(outcome.status == status, "\(words)")
        #expect(outcome.complaints.count == 1, "\(words): \(outcome.errors)")
        #expect(outcome.errors.contains(says), "\(words): \(outcome.errors)")
        #expect(outcome.output == "")
      }
      for words in [["mount", "--help"], ["control", "--help"], ["help", "mount"]] {
        let outcome = try workspace.torture(words)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("usage: torture "))
      }
    }
  }
}
