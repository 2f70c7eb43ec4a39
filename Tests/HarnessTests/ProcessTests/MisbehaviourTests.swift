import CLinuxShims
import FaultFS
import Glibc
import Harness
import Testing

@Suite("A subject that misbehaves")
struct MisbehaviourTests {
  @Test("An answer above the limit is a failure, not memory")
  func longAnswers() throws {
    let worker = try Worker()
    var limits = SubjectLimits()
    limits.answerBytes = 100_000
    try worker.start(shell: "cat /dev/zero", limits: limits)
    #expect(worker.failure() == .answerTooLong(limit: 100_000))
    #expect(worker.pump.stop()?.end == .signalled(SIGKILL))
    for (length, isTooLong) in [(100_000, false), (100_001, true), (130_000, true)] {
      let script = "head -c \(length) /dev/zero | tr '\\0' x; echo; cat"
      try worker.start(shell: script, limits: limits)
      let failure = worker.failure()
      #expect(failure == (isTooLong ? .answerTooLong(limit: 100_000) : nil), "\(length) bytes")
      worker.pump.stop()
    }
  }

  @Test("Answers that nobody asked for wait in the pipe, and all of them arrive")
  func unaskedAnswers() throws {
    let worker = try Worker()
    var limits = SubjectLimits()
    limits.answerBytes = 1_000
    try worker.start(shell: "seq 1 100000", limits: limits)
    // It has ended, or hangs at the full pipe, before the first line is taken.
    usleep(50_000)
    var count = 0
    while case .success(let line) = worker.pump.receive(limit: Worker.patience) {
      count += 1
      if Array(String(count).utf8) != line { break }
    }
    #expect(count == 100_000)
    #expect(worker.failure() == .exited(0))
  }

  @Test("A flood on standard error is cut in the middle and delays nothing")
  func errorFlood() throws {
    let worker = try Worker()
    var limits = SubjectLimits()
    limits.standardErrorTail = 1_000
    try worker.start(
      shell: "echo first >&2; head -c 5000000 /dev/zero >&2; echo last >&2; read a; echo $a",
      limits: limits)
    #expect(try worker.ask("still there") == "still there")
    let remains = try #require(worker.pump.stop())
    let text = String(decoding: remains.standardError.bytes, as: UTF8.self)
    #expect(remains.standardError.totalCount == 5_000_000 + 6 + 5)
    #expect(remains.standardError.droppedCount == 5_000_011 - 16_384 - 1_000)
    #expect(text.hasPrefix("first\n") && text.hasSuffix("last\n"))
    #expect(text.contains("[… \(remains.standardError.droppedCount) bytes dropped …]"))
  }

  @Test("A subject that hangs is given up after its limit, and killed")
  func hanging() throws {
    let worker = try Worker()
    try worker.start(shell: "sleep 1000")
    let limit = TimeLimit(idle: .milliseconds(80))
    #expect(worker.failure(limit: limit) == .idleTooLong(.milliseconds(80)))
    // Noise is no answer and no disk operation.
    worker.pump.stop()
    try worker.start(shell: "while :; do echo x >&2; done")
    #expect(worker.failure(limit: limit) == .idleTooLong(.milliseconds(80)))
    #expect(worker.pump.stop()?.end == .signalled(SIGKILL))
  }

  @Test("A subject that closes its output and lives on is told from one that hangs")
  func closedOutput() throws {
    let worker = try Worker()
    try worker.start(shell: "exec >&-; sleep 1000")
    #expect(worker.failure(limit: TimeLimit(idle: .milliseconds(80))) == .closedOutput)
    worker.pump.stop()
    try worker.start(shell: "exec >&-; sleep 0.05; exit 4")
    #expect(worker.failure() == .exited(4))
  }

  @Test("A subject that no longer reads is reported by its end, not by a broken pipe")
  func closedInput() throws {
    let worker = try Worker()
    try worker.start(shell: "exec <&-; sleep 0.05; exit 5")
    worker.pump.send([UInt8](repeating: 0x78, count: 1_000_000))
    #expect(worker.failure() == .exited(5))
  }

  @Test("Everything a subject started dies with it, wherever it moved to")
  func descendants() throws {
    let worker = try Worker()
    // A child of the group, one in a session of its own, and an orphan of such a one.
    try worker.start(
      shell: """
        sleep 1000 & echo $!
        setsid sh -c 'echo $$; exec sleep 1000' &
        (setsid sh -c 'sleep 1000 & echo $!' &)
        cat
        """)
    var processes: [Int32] = []
    for _ in 0..<3 {
      let line = try worker.pump.receive(limit: Worker.patience).get()
      processes.append(try #require(Int32(String(decoding: line, as: UTF8.self))))
    }
    for process in processes { #expect(isAlive(process)) }
    // Stopping another subject leaves them alone.
    let other = try Worker()
    try other.start(shell: "cat")
    #expect(other.pump.stop()?.survivors == [])
    for process in processes { #expect(isAlive(process)) }
    #expect(worker.pump.stop()?.survivors == [])
    for process in processes { #expect(!isAlive(process)) }
  }

  @Test("What a subject started survives its own exit only until it is stopped")
  func orphansOfTheDead() throws {
    let worker = try Worker()
    try worker.start(shell: "(setsid sleep 1000 & echo $!); exit 0")
    let line = try worker.pump.receive(limit: Worker.patience).get()
    let process = try #require(Int32(String(decoding: line, as: UTF8.self)))
    #expect(worker.failure() == .exited(0))
    #expect(isAlive(process))
    #expect(worker.pump.stop()?.survivors == [])
    #expect(!isAlive(process))
  }

  @Test("A subject does not outlive the thread that started it")
  func parentDeath() throws {
    let worker = try Worker()
    let command = worker.command(["sleep", "1000"])
    var process: Int32 = 0
    withUnsafeMutablePointer(to: &process) { place in
      var thread = pthread_t()
      let box = StartBox(command, place)
      pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let box = Unmanaged<StartBox>.fromOpaque(argument).takeUnretainedValue()
          guard let child = try? ChildProcess(box.command) else { return nil }
          while !child.hasStarted { child.readStartFailure() }
          box.process.pointee = child.identifier
          // Leaked on purpose: nothing but the thread's end may kill it.
          _ = Unmanaged.passRetained(child)
          return nil
        }, Unmanaged.passUnretained(box).toOpaque())
      pthread_join(thread, nil)
      withExtendedLifetime(box) {}
    }
    try #require(process > 0)
    var status: Int32 = 0
    #expect(waitpid(process, &status, 0) == process)
    #expect(clinux_exit_signal(status) == SIGKILL)
  }

  private final class StartBox {
    let command: SubjectCommand
    let process: UnsafeMutablePointer<Int32>
    init(_ command: SubjectCommand, _ process: UnsafeMutablePointer<Int32>) {
      self.command = command
      self.process = process
    }
  }

  @Test("A signal from the user ends the wait at once, and only the wait")
  func interruption() async {
    // The flag is the whole process's, so the test has one of its own.
    await #expect(processExitsWith: .success) {
      #expect(clinux_install_interrupt_handler() == 0)
      let worker = try Worker()
      try worker.start(shell: "cat; sleep 1000")
      #expect(try worker.ask("before") == "before")
      kill(getpid(), SIGTERM)
      #expect(worker.failure() == .interrupted(SIGTERM))
      #expect(worker.failure() == .interrupted(SIGTERM))
      #expect(worker.pump.stop()?.end == .signalled(SIGKILL))
    }
  }
}
