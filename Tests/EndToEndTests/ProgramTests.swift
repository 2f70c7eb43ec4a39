import Glibc
import Testing

extension EndToEndTests {
  /// Programs as everybody has them, unmodified, on `torture mount`. Short here; with
  /// `TORTURE_PROGRAMS=long` ten times the work.
  @Suite("Real programs on the mount", .enabled(if: Machine.hasFuse, "/dev/fuse is missing"))
  struct ProgramTests {
    static let scale = getenv("TORTURE_PROGRAMS").map { String(cString: $0) } == "long" ? 10 : 1
    static let modes = ["direct", "cached"]

    // MARK: SQLite

    /// Builds a database with several transactions, and checks it.
    static func sqlite(_ journal: String, _ mode: String) -> String {
      // The index of a WAL lies in a shared mapping, which direct mode has none of; with an
      // exclusive lock SQLite keeps it in memory.
      let lock = journal == "wal" && mode == "direct" ? "EXCLUSIVE" : "NORMAL"
      return """
        sqlite3 -bail \(journal).db "PRAGMA locking_mode=\(lock); PRAGMA journal_mode=\(journal);
        PRAGMA synchronous=FULL; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<\(1_000 * scale))
        INSERT INTO t SELECT x, hex(randomblob(50)) FROM c; CREATE INDEX i ON t(b);
        DELETE FROM t WHERE a%3=0; VACUUM;" > "$OUT/sqlite"
        { echo "PRAGMA locking_mode=\(lock); PRAGMA synchronous=FULL;"
        for k in $(seq \(20 * scale)); do
          echo "BEGIN; INSERT INTO t(b) VALUES(hex(randomblob(300))); COMMIT;"; done
        } | sqlite3 -bail \(journal).db >> "$OUT/sqlite"
        sqlite3 -bail \(journal).db "PRAGMA locking_mode=\(lock); PRAGMA integrity_check;
        SELECT count(*) FROM t;"
        """
    }

    @Test(
      "SQLite's shell builds and checks a database",
      .enabled(if: Machine.has("sqlite3"), "sqlite3 is not installed"), arguments: modes)
    func sqlite(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      for journal in ["wal", "delete", "truncate", "persist"] {
        let output = try disk.run(Self.sqlite(journal, mode))
        #expect(output.hasSuffix("ok\n\(1_000 * Self.scale * 2 / 3 + 1 + 20 * Self.scale)\n"))
      }
      // The end of a rollback journal need not be durable with synchronous=FULL: the last
      // transaction may be rolled back, and nothing else (SQLite's documentation of the pragma).
      try disk.ask("crash")
      for journal in ["delete", "truncate", "persist"] {
        let output = try disk.run(
          "sqlite3 -bail \(journal).db 'PRAGMA integrity_check; SELECT count(*) FROM t;'")
        let count = 1_000 * Self.scale * 2 / 3 + 1 + 20 * Self.scale
        #expect(["ok\n\(count)\n", "ok\n\(count - 1)\n"].contains(output), "\(journal): \(output)")
      }
      try disk.end()
    }

    // MARK: git

    static let git = """
      export HOME="$OUT" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
      export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      git init -q -b main source; cd source
      for i in $(seq \(18 * scale)); do
        mkdir -p d$((i%7)); seq $i $((i*50)) > d$((i%7))/f$i; ln -sf f$i d$((i%7))/l$i
        [ $((i%6)) != 0 ] || { git add -A; git commit -qm "commit $i"; }
      done
      cd ..; git clone -q --no-local source copy; cd copy
      git -c gc.autoDetach=false gc -q --prune=now; git fsck --full --strict --no-progress
      git checkout -q -b side HEAD~2; git merge -q main -m merge; git status --porcelain
      cd ..; git clone -q --local source linked; git -C linked fsck --full --no-progress
      git clone -q --mirror source mirror; git -C mirror repack -adq
      git -C mirror fsck --no-progress; git -C mirror rev-list --all --count
      """

    @Test(
      "git clones, packs and checks a repository",
      .enabled(if: Machine.has("git"), "git is not installed"), arguments: modes)
    func git(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      #expect(try disk.run(Self.git) == "\(3 * Self.scale)\n")
      try disk.end()
    }

    // MARK: RocksDB

    static let rocks = """
      db_bench --db="$PWD/db" --num=\(2_000 * scale) --value_size=200 --write_buffer_size=100000 \
        --benchmarks=fillseq,fillsync,overwrite,readrandom,compact,readseq > "$OUT/bench" 2>&1 \
        || { cat "$OUT/bench"; exit 1; }
      ! grep -i -E 'error|corrupt' "$OUT/bench"
      ldb --db="$PWD/db" checkconsistency
      """

    @Test(
      "RocksDB's db_bench writes, overwrites, compacts and reads",
      .enabled(if: Machine.has("db_bench"), "rocksdb-tools is not installed"), arguments: modes)
    func rocksDB(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      #expect(try disk.run(Self.rocks).hasSuffix("OK\n"))
      try disk.end()
    }

    // MARK: fio

    /// Jobs of fio with verification, by what is special about them.
    static func fio(_ mode: String) -> [(name: String, options: String)] {
      let sizes = "--size=\(2 * scale)M"
      var jobs = [
        ("psync", "\(sizes) --bs=4k --rw=randwrite --fsync=16 --ioengine=psync --numjobs=2"),
        ("odd", "\(sizes) --bs=1000 --rw=write --sync=dsync --fallocate=keep --ioengine=sync"),
        ("mixed", "\(sizes) --bsrange=512-64k --rw=randrw --fdatasync=7 --ioengine=pvsync2"),
        ("direct", "\(sizes) --bs=64k --rw=write --direct=1 --ioengine=libaio --iodepth=8"),
      ]
      if mode == "cached" {
        jobs.append(("mapped", "\(sizes) --bs=4k --rw=randrw --fsync=32 --ioengine=mmap"))
      }
      return jobs
    }

    @Test(
      "fio reads back what it wrote",
      .enabled(if: Machine.has("fio"), "fio is not installed"), arguments: modes)
    func fio(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      for (name, options) in Self.fio(mode) {
        try disk.run(
          "fio --name=\(name) --directory=\"$PWD\" --verify=crc32c --do_verify=1 \(options) "
            + "--verify_fatal=1 > \"$OUT/fio\" 2>&1 || { tail -n 5 \"$OUT/fio\"; exit 1; }")
      }
      try disk.end()
    }

    // MARK: stress-ng

    /// The file and link stressors that keep to what the mount promises.
    static let stressors = [
      "access", "chdir", "chmod", "chown", "dentry", "dir", "dirdeep", "dirmany",
      "dup", "fallocate", "fcntl", "filename", "flock", "fpunch", "fstat", "getdent", "hdd",
      "lease", "link", "locka", "lockf", "lockofd", "mknod", "open", "readahead", "rename",
      "revio", "seek", "sendfile", "splice", "symlink", "sync-file", "utime", "xattr",
    ]
    static let mappingStressors = ["mmap", "msync"]

    @Test(
      "stress-ng's file and link stressors find nothing wrong",
      .enabled(if: Machine.has("stress-ng"), "stress-ng is not installed"), arguments: modes)
    func stress(mode: String) throws {
      let disk = try MountedDisk(["--mode", mode])
      let all = Self.stressors + (mode == "cached" ? Self.mappingStressors : [])
      // Each for so many operations of its own; those that take long end after a second.
      let words = all.map { "--\($0) 1 --\($0)-ops \(10 * Self.scale)" }.joined(separator: " ")
      try disk.run(
        "stress-ng --temp-path \"$PWD\" --timeout \(Self.scale)s --verify --chdir-dirs 64 "
          + "--hdd-bytes 1M --fallocate-bytes 1M --seek-size 1M "
          + "--sync-file-bytes 1M --readahead-bytes 1M --mmap-bytes 1M --sendfile-size 1M "
          + "--splice-bytes 64K --dirdeep-inodes 200 --dentries 64 --oomable \(words) "
          + "> \"$OUT/stress\" 2>&1 "
          + "|| { grep -E 'fail|error' \"$OUT/stress\" | head -n 20; exit 1; }")
      try disk.end()
    }
  }
}
