import Glibc
import Testing

extension EndToEndTests {
  /// A crash or a fault in the middle of a program: whatever it says then, the disk goes on.
  @Suite(
    "Programs that lose their disk while they use it",
    .enabled(if: Machine.hasFuse, "/dev/fuse is missing"))
  struct InterruptedProgramTests {
    /// Programs that would go on for a long time, by the program they need.
    static let programs: [(needs: String, script: String)] = [
      (
        "sqlite3",
        """
        { echo "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=wal; CREATE TABLE t(a, b);"
          while true; do echo "INSERT INTO t VALUES(1, hex(randomblob(999)));"; done
        } | sqlite3 t.db
        """
      ),
      (
        "git",
        """
        git init -q r; cd r; i=0
        while true; do i=$((i+1)); seq $i > f$i; git add -A
          git -c user.name=a -c user.email=a@b commit -qm $i; done
        """
      ),
      (
        "db_bench",
        "db_bench --db=\"$PWD/db\" --num=100000000 --value_size=500 --sync=1 "
          + "--benchmarks=fillrandom"
      ),
      (
        "fio",
        "fio --name=a --directory=\"$PWD\" --size=64M --bs=4k --rw=randwrite --time_based "
          + "--runtime=600 --fsync=3 --ioengine=psync"
      ),
      (
        "stress-ng",
        "stress-ng --temp-path \"$PWD\" --rename 1 --link 1 --dir 1 --hdd 1 "
          + "--hdd-bytes 2M --timeout 600"
      ),
    ]

    static let events = [
      "crash --keep none", "crash --keep all", "crash --seed 7", "fault write * nth=5 EIO",
      "fault fsync * nth=1 EIO",
    ]

    @Test(
      "The mount is usable after a crash or a fault in the middle of a program",
      arguments: ["direct", "cached"])
    func interrupted(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      try disk.ask("snapshot", "empty")
      for (needs, script) in Self.programs where Machine.has(needs) {
        for event in Self.events { try interrupt(disk, needs, script, by: event) }
      }
      try disk.run("rm -rf *; ls -A; echo y > y; sync y; sync .")
      try disk.ask("crash")
      #expect(try disk.run("ls; cat y") == "y\ny\n")
      try disk.end()
    }

    /// Starts a program on an empty disk, and lets the event happen while it is at work.
    private func interrupt(
      _ disk: MountedDisk, _ needs: String, _ script: String, by event: String
    ) throws {
      try disk.ask("restore", "empty")
      let program = try disk.start("exec 2> \"$OUT/e\" > \"$OUT/o\"; \(script)")
      let calls = try Self.calls(disk)
      let isAtWork = program.poll(seconds: 10) {
        program.hasEnded() || (try? Self.calls(disk)) ?? 0 > calls + 100
      }
      #expect(isAtWork && !program.hasEnded(), "\(needs) does not run: \(event)")
      #expect(try Self.ask(disk, event).hasPrefix("ok "), "\(needs): \(event)")
      usleep(20_000)
      let used = try disk.sh("ls > /dev/null; mkdir new; echo x > new/f; cat new/f")
      // A fault that was armed may meet this very command.
      let met = event.hasPrefix("fault") && used.errors.contains("I/O error")
      #expect(used.output == "x\n" || met, "\(needs): \(event): \(used.errors)")
      program.signalGroup(SIGKILL)
      _ = try program.wait()
      try disk.ask("clear")
      #expect(try disk.run("echo z > z; cat z") == "z\n", "\(needs): \(event)")
    }

    /// What the disk answers, without a process of its own.
    private static func ask(_ disk: MountedDisk, _ request: String) throws -> String {
      let client = try RandomClients.connect(to: disk.socket)
      defer { close(client) }
      let line = Array((request + "\n").utf8)
      _ = line.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      shutdown(client, Int32(SHUT_WR))
      return RandomClients.readAll(client)
    }

    /// How many calls the disk has seen.
    private static func calls(_ disk: MountedDisk) throws -> Int {
      let line = try ask(disk, "status").split(separator: "\n").first {
        $0.hasPrefix("operations ")
      }
      return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }
  }
}
