import FaultFS
import Glibc
import Harness
import StorageInterface
import Testing

@Suite("A subject's process")
struct ProcessTests {
  @Test("A request is answered line by line, of any length, without a deadlock")
  func echo() throws {
    let worker = try Worker()
    try worker.start(shell: "exec cat")
    #expect(try worker.ask("hello") == "hello")
    #expect(try worker.ask("") == "")
    // More than two pipes hold: the subject writes before it has read everything.
    let long = String(repeating: "0123456789", count: 200_000)
    #expect(try worker.ask(long) == long)
    #expect(try worker.ask("after") == "after")
  }

  @Test("Several answers may arrive at once and are taken one by one")
  func severalAnswers() throws {
    let worker = try Worker()
    try worker.start(shell: "read a; printf '1\\n2\\n\\n3\\n'; read b; echo $b")
    #expect(try worker.ask("go") == "1")
    for expected in ["2", "", "3"] {
      let line = try worker.pump.receive(limit: Worker.patience).get()
      #expect(String(decoding: line, as: UTF8.self) == expected)
    }
    #expect(try worker.ask("last") == "last")
    #expect(try worker.pump.finish(limit: Worker.patience).get() == .exited(0))
  }

  @Test("An answer given just before the end is still an answer; then the end is reported")
  func answerThenEnd() throws {
    let worker = try Worker()
    try worker.start(shell: "read a; echo good; exit 7")
    #expect(try worker.ask("x") == "good")
    #expect(worker.failure() == .exited(7))
    #expect(worker.failure() == .exited(7))
    #expect(worker.pump.stop()?.end == .exited(7))
    try worker.start(shell: "read a; printf unfinished; kill -SEGV $$")
    worker.pump.send([0x78])
    #expect(worker.failure() == .signalled(SIGSEGV))
  }

  @Test("Closed input is the end of the conversation")
  func finishing() throws {
    let worker = try Worker()
    try worker.start(shell: "cat > /dev/null; echo rest; exit 3")
    #expect(try worker.pump.finish(limit: Worker.patience).get() == .exited(3))
    try restart(worker, "trap '' TERM; cat > /dev/null; sleep 1000")
    let result = worker.pump.finish(limit: TimeLimit(idle: .milliseconds(50)))
    #expect(throws: SubjectFailure.idleTooLong(.milliseconds(50))) { try result.get() }
  }

  @Test("A program that cannot be started is told from one that fails")
  func startFailures() throws {
    let worker = try Worker()
    #expect(start(worker, ["no-such-program"]) == .couldNotStart(.execution, .noSuchFile))
    #expect(start(worker, ["/no/such/program"]) == .couldNotStart(.execution, .noSuchFile))
    #expect(start(worker, ["/etc/passwd"]) == .couldNotStart(.execution, .accessDenied))
    var command = worker.command(["true"])
    command.directory = "/no/such/directory"
    #expect(
      failure(worker.pump.start(command, limit: Worker.patience))
        == .couldNotStart(.directory, .noSuchFile))
    #expect(worker.pump.child == nil)
    try worker.start(shell: "exit 127")
    #expect(worker.failure() == .exited(127))
  }

  @Test("A subject sees exactly what it was given")
  func surroundings() throws {
    let worker = try Worker()
    try worker.start(
      shell: """
        pwd; env | sort | tr '\\n' ' '; echo; ls /proc/self/fd | tr '\\n' ' '; echo
        ulimit -c; umask
        grep -E '^(SigBlk|SigIgn|NoNewPrivs)' /proc/self/status | tr '\\n\\t' '  '; echo
        cut -d' ' -f5,6,7 /proc/$$/stat; echo $$
        """)
    var lines: [String] = []
    while case .success(let line) = worker.pump.receive(limit: Worker.patience) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    try #require(lines.count == 8)
    #expect(lines[0] == worker.run.scratch)
    #expect(lines[1] == "LC_ALL=C PATH=/usr/bin:/bin PWD=\(worker.run.scratch) ")
    // 3 is the listing's own.
    #expect(lines[2] == "0 1 2 3 ")
    #expect(lines[3] == "0" && lines[4] == "0022")
    let signals = "0000000000000000"
    #expect(lines[5] == "SigBlk: \(signals) SigIgn: \(signals) NoNewPrivs: 1 ")
    // A group of its own in the session of this process, and no terminal.
    #expect(lines[6] == "\(lines[7]) \(getsid(0)) 0")
  }

  @Test("The memory limit holds", .enabled(if: access(Machine.python, X_OK) == 0))
  func memory() throws {
    let worker = try Worker()
    var limits = SubjectLimits()
    limits.addressSpace = 512 << 20
    try worker.start(
      python: """
        try: print(len(bytearray(1 << 30)))
        except MemoryError: print("refused")
        """, limits: limits)
    #expect(try worker.ask("") == "refused")
  }

  private func start(_ worker: Worker, _ arguments: [String]) -> SubjectFailure? {
    failure(worker.pump.start(worker.command(arguments), limit: Worker.patience))
  }

  private func failure(_ result: Result<Void, SubjectFailure>) -> SubjectFailure? {
    guard case .failure(let failure) = result else { return nil }
    return failure
  }

  private func restart(_ worker: Worker, _ script: String) throws {
    worker.pump.stop()
    try worker.start(shell: script)
  }
}
