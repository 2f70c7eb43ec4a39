import Testing

@testable import Harness

@Suite("Programs that a bench looks at")
struct MeasuredProgramTests {
  @Test("Its status comes back, and it is looked at while it runs")
  func status() throws {
    var looks = 0
    let status = try MeasuredProgram.run(["/bin/sh", "-c", "sleep 0.3; exit 7"]) { looks += 1 }
    #expect(status == 7 && looks > 1)
    #expect(try MeasuredProgram.run(["/bin/sh", "-c", "kill -9 $$"]) {} == -1)
    #expect(throws: RunError.self) { try MeasuredProgram.run(["/nowhere/at/all"]) {} }
  }

  @Test("A look that throws ends it")
  func ends() {
    let begun = monotonicSeconds()
    #expect(throws: RunError.self) {
      try MeasuredProgram.run(["/bin/sh", "-c", "exec sleep 60"]) { () throws(RunError) in
        throw .interrupted
      }
    }
    #expect(monotonicSeconds() - begun < 30)
  }

  @Test("The machine has memory to give")
  func memory() throws { #expect(try MeasuredProgram.availableMemory() > 1 << 20) }
}
