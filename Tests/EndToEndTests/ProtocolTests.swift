import Testing

extension EndToEndTests {
  /// Durable protocols as programs have them, held against what the disk keeps: none of them shares
  /// a line with the model.
  @Suite(
    "Durable protocols on the mount",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse or python3 is missing"))
  struct ProtocolTests {
    @Test(
      "Nothing that a protocol relies on is lost, and without a barrier something is",
      arguments: [("posix-min", "direct", 10), ("posix-min", "cached", 6)])
    func protocols(model: String, mode: String, seeds: Int) throws {
      let disk = try MountedDisk(["--model", model, "--mode", mode])
      let program = "\(Machine.python) -ISB \(Machine.fixtures)/protocols.py"
      let output = try disk.run("exec \(program) \"$DISK\" '\(disk.socket)' \(mode) \(seeds)")
      let lines = output.split(separator: "\n")
      #expect(lines.count == (mode == "cached" ? 42 : 40))
      for line in lines {
        let mayLose = line.prefix { $0 != " " }.contains("without")
        #expect(line.contains(mayLose ? " lost " : " held"), "\(line)")
      }
      try disk.end()
    }
  }
}
