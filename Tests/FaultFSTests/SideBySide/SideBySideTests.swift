import Determinism
import FaultFS
import Glibc
import Testing

/// Random calls on the mount and on a plain model of a file system, side by side.
///
/// `TORTURE_PROPERTY_SECONDS=1800 swift test --filter SideBySide` runs for that long instead of a
/// fixed number of histories; `TORTURE_PROPERTY_SEED` starts elsewhere.
@Suite("The mount and a plain model", .serialized, .enabled(if: Machine.hasFuse))
struct SideBySideTests {
  static let histories = 40
  static let length = 150

  /// The ways in which a mount may present itself.
  enum Presentation: CaseIterable {
    case direct
    case cached
    /// The kernel asks anew for every name and attribute.
    case forgetful

    var options: MountOptions {
      var options = MountOptions()
      options.mode = self == .direct ? .direct : .cached
      if self == .forgetful { (options.entryTimeout, options.attributeTimeout) = (0, 0) }
      return options
    }
  }

  @Test("Every call comes to the same on both", arguments: Presentation.allCases)
  func agree(mode: Presentation) throws {
    let server = try MountServer(mode.options)
    defer { server.stop() }
    let first = Environment.number("TORTURE_PROPERTY_SEED") ?? 1
    let seconds = Environment.number("TORTURE_PROPERTY_SECONDS").map(Int.init)
    let share = Presentation.allCases.count
    let start = time(nil)
    var number: UInt64 = 0
    var succeeded = 0
    while seconds.map({ time(nil) - start < $0 / share }) ?? (number < UInt64(Self.histories)) {
      let seed = first + number
      number += 1
      var generator = CallGenerator(Seed(seed).derived("side by side"), maps: mode != .direct)
      let calls = generator.history(Self.length)
      let outcome = Self.compare(calls, server.attach().path)
      succeeded += outcome.succeeded
      guard let place = outcome.difference else { continue }
      let shrunk = CallShrinker { Self.compare($0, server.attach().path).difference != nil }
        .shrink(Array(calls[...place]))
      Issue.record("\(Self.story(shrunk, seed, mode, server.attach().path))")
      return
    }
    // A model that refuses everything would agree with a mount that does.
    #expect(succeeded > Int(number) * Self.length / 4)
    if seconds != nil {
      print("side by side, \(mode): \(number) histories, \(succeeded) calls succeeded")
    }
  }

  /// The place of the first call that comes to something else, and how many before it succeeded.
  static func compare(
    _ calls: [FileCall], _ base: String
  ) -> (difference: Int?, succeeded: Int) {
    var mounted = MountedTree(base: base)
    defer { mounted.closeAll() }
    var plain = PlainTree(user: geteuid(), group: getegid(), mask: Environment.mask)
    var succeeded = 0
    for (index, call) in calls.enumerated() {
      let expected = plain.perform(call)
      let actual = mounted.perform(call)
      if actual != expected { return (index, succeeded) }
      if case .failed = actual {} else { succeeded += 1 }
    }
    return (nil, succeeded)
  }

  /// A list of calls with what each came to, and how to see it again.
  static func story(
    _ calls: [FileCall], _ seed: UInt64, _ mode: Presentation, _ base: String
  ) -> String {
    var plain = PlainTree(user: geteuid(), group: getegid(), mask: Environment.mask)
    var mounted = MountedTree(base: base)
    defer { mounted.closeAll() }
    var lines = calls.map { call in
      let (expected, actual) = (plain.perform(call), mounted.perform(call))
      return expected == actual
        ? "  \(call): \(actual)" : "  \(call):\n    plain \(expected)\n    mount \(actual)"
    }
    lines.insert("seed \(seed), \(mode): \(calls.count) calls", at: 0)
    lines.append(
      "again: TORTURE_PROPERTY_SEED=\(seed) swift test --filter SideBySideTests")
    return lines.joined(separator: "\n")
  }
}

/// What the tests take from their environment.
enum Environment {
  static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  /// The mask of this process's new files, without changing it.
  static let mask: UInt32 = {
    guard let file = fopen("/proc/self/status", "r") else { return 0o022 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, 512, file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let text = String(decoding: bytes, as: UTF8.self)
      if text.hasPrefix("Umask:") {
        return UInt32(text.dropFirst(6).filter { $0.isNumber }, radix: 8) ?? 0o022
      }
    }
    return 0o022
  }()
}
