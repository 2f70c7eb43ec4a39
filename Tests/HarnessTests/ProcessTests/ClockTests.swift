import Scenarios
import SubjectProtocol
import Testing

@testable import Harness

@Suite("The clock of foreign programs", .enabled(if: Machine.canRunOnMount))
struct ClockTests {
  /// Says in its name what the time is, and how long real waits took.
  static let program = """
    import json, sys, time, threading
    for line in sys.stdin:
      before = time.monotonic()
      time.sleep(0.05)
      threading.Event().wait(0.05)
      threading.Condition().acquire()
      waited = time.monotonic() - before
      name = "%.3f %.3f %s" % (time.time(), time.time(), 0.1 <= waited < 3)
      print(json.dumps({"ok": True, "name": name, "protocol": 1, "contract": {"acknowledgement":
        "none", "barriers": [], "order": "prefix"},
        "operations": ["open"], "features": []}), flush=True)
    """

  @Test("It begins where it is told to, and waits take their real time")
  func clock() throws {
    // Built beside the program that runs this; without it there is nothing to hold.
    try #require(ClockLibrary.path != nil, "make test builds it")
    let target = try FuseTarget(command: [Machine.python, "-c", Self.program], isForeign: true)
    defer { target.shutDown() }
    var names: [String] = []
    for second in [1_109_678_400, 1_109_678_400, 2_000_000_000] {
      target.clock = second
      names.append(try target.describe(.hello(options: .emptyObject)).name)
    }
    #expect(names[0] == names[1])
    #expect(names[0].hasPrefix("1109678400.") && names[0].hasSuffix(" True"), "\(names[0])")
    #expect(names[2].hasPrefix("2000000000."), "\(names[2])")
  }
}
