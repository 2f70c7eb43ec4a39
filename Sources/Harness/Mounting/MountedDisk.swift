import Determinism
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface

/// The disk of `torture mount`: one world at a mount point, and what may be asked of it.
///
/// A crash or a restore puts a new world in place of the old one, as a restart of the machine does:
/// what living programs have open fails with `ESTALE` from then on, and paths lead into the new
/// world at once, since the kernel is told to remember nothing. In cached mode the new world's
/// files have numbers of their own, so no page of the old ones shows again.
final class MountedDisk {
  /// What was asked for.
  struct Settings: Equatable, Sendable {
    var parameters = DiskParameters()
    var mode = MountOptions.CacheMode.direct
    /// The most that files may hold, in bytes; nil for no limit.
    var quota: UInt64?
    /// Whether programs of other users may use the mount.
    var allowsOtherUsers = false
  }

  /// What a request is answered.
  struct Answer: Equatable {
    /// Lines for people; none begins with `ok` or `error`.
    var lines: [String] = []
    /// What was done, or why it was not.
    var result: Result<String, ControlRefusal>
    /// Whether the mount is to end.
    var ends = false
  }

  /// The mount.
  let mount: FuseMount
  private let settings: Settings
  private var world: World
  private var snapshots: [(name: String, disk: Disk)] = []
  private var crashes = 0
  /// Calls and fired faults of worlds that were replaced.
  private var earlierCalls: UInt64 = 0

  private static let snapshotLimit = 1_000
  private static let faultLimit = 1_000
  /// The longest delay of one operation, in milliseconds: the whole mount waits, control included.
  private static let longestDelay = 10_000
  /// How many files `status` names: those with the most pending bytes.
  private static let fileLimit = 1_000

  /// Mounts an empty disk at `path`.
  init(at path: String, _ settings: Settings) throws(MountFailure) {
    self.settings = settings
    var options = MountOptions()
    options.mode = settings.mode
    options.allowsOtherUsers = settings.allowsOtherUsers
    // The world changes from outside, by every crash.
    options.entryTimeout = 0
    options.attributeTimeout = 0
    mount = try FuseMount(at: path, options)
    var parameters = settings.parameters
    parameters.quota = settings.quota.map { Quota(bytes: $0) }
    world = World(disk: Disk(parameters: parameters))
    world.onDelay = FuseTarget.wait
    prepareRoot()
    mount.show(world)
  }

  /// The root belongs to whoever mounted it, and to nobody else unless asked otherwise; durably.
  private func prepareRoot() {
    do throws(Errno) {
      try world.setOwner(.root, user: geteuid(), group: getegid())
      try world.setMode(.root, settings.allowsOtherUsers ? 0o755 : 0o700)
    } catch {
      preconditionFailure("a new world has a root")
    }
    world.synchronizeEverything()
  }

  /// Carries out one request; never waits.
  func perform(_ request: ControlRequest) -> Answer {
    switch request {
    case .crash(let draw): crash(draw)
    case .fault(let fault): arm(fault)
    case .clear: clear()
    case .synchronize: synchronize()
    case .status: Answer(lines: status(), result: .success(""))
    case .snapshot(let name): snapshot(name)
    case .restore(let name): restore(name)
    case .unmount: Answer(result: .success("unmounted"), ends: true)
    }
  }

  private func crash(_ draw: PowerLossDraw) -> Answer {
    let choice = world.disk.choice(draw)
    let before = world.disk.pendingSummary()
    let parts = world.disk.describePending(choice)
    replace(by: world.disk.afterPowerLoss(choice))
    crashes += 1
    var counts = ["kept": 0, "dropped": 0, "torn": 0]
    for part in parts {
      counts[String(part.kept.prefix { $0 != " " }), default: 0] += 1
    }
    let how =
      switch draw {
      case .none: "none"
      case .all: "all"
      case .seeded(let seed): "seed \(seed)"
      }
    return Answer(
      result: .success(
        "crash \(crashes) (\(how)): \(before.bytes) bytes and \(before.names) names were pending; "
          + "of \(parts.count) parts \(counts["kept", default: 0]) kept, "
          + "\(counts["dropped", default: 0]) dropped, \(counts["torn", default: 0]) torn; what "
          + "programs have open is stale"))
  }

  private func arm(_ fault: Fault) -> Answer {
    if case .slow(let milliseconds) = fault.effect, milliseconds > Self.longestDelay {
      return refuse(
        "slow takes at most \(Self.longestDelay) milliseconds here: everything waits meanwhile")
    }
    guard world.faults.faults.count < Self.faultLimit else {
      return refuse("there are \(Self.faultLimit) faults already; clear forgets them")
    }
    world.arm(fault)
    return Answer(result: .success("armed \(Self.text(fault))"))
  }

  private func clear() -> Answer {
    let count = world.faults.faults.count
    world.clearFaults()
    endHungCalls()
    mount.letGo()
    mount.holdAgain()
    return Answer(result: .success("forgot \(count) faults"))
  }

  private func synchronize() -> Answer {
    world.synchronizeEverything()
    return Answer(result: .success("\(world.disk.pendingCount) operations are pending still"))
  }

  private func snapshot(_ name: String) -> Answer {
    if let index = snapshots.firstIndex(where: { $0.name == name }) {
      snapshots[index].disk = world.disk
      return Answer(result: .success("snapshot \(name), in place of the one before"))
    }
    guard snapshots.count < Self.snapshotLimit else {
      return refuse("there are \(Self.snapshotLimit) snapshots already; use one of their names")
    }
    snapshots.append((name, world.disk))
    return Answer(result: .success("snapshot \(name)"))
  }

  private func restore(_ name: String) -> Answer {
    guard let found = snapshots.first(where: { $0.name == name }) else {
      return refuse("there is no snapshot \"\(name)\"; status lists those there are")
    }
    replace(by: found.disk)
    return Answer(result: .success("restored \(name); what programs have open is stale"))
  }

  private func refuse(_ message: String) -> Answer {
    Answer(result: .failure(ControlRefusal(message)))
  }

  /// Puts `disk` in place of the one there is. Faults that have not fired stay armed.
  private func replace(by disk: Disk) {
    earlierCalls += world.calls
    world = World(disk: disk, faults: world.faults)
    world.onDelay = FuseTarget.wait
    mount.show(world)
    endHungCalls()
  }

  /// Calls that a fault kept from returning fail, as at the end of the machine they were made on.
  private func endHungCalls() {
    mount.letGo()
    mount.holdAgain()
  }

  // MARK: Status

  private func status() -> [String] {
    let summary = world.disk.pendingSummary()
    let mode = settings.mode == .cached ? "cached" : "direct"
    var lines = [
      "disk model \(settings.parameters.model.rawValue), mode \(mode), \(summary.inodes) inodes, "
        + "\(crashes) crashes",
      "operations \(earlierCalls + world.calls) calls, \(world.disk.operationCount) of them "
        + "changed the disk",
      "pending \(summary.bytes) bytes in \(summary.files.count) files, \(summary.names) names",
    ]
    let files = summary.files.sorted { ($1.bytes, $0.inode) < ($0.bytes, $1.inode) }
    for file in files.prefix(Self.fileLimit) { lines.append(Self.line(file)) }
    if files.count > Self.fileLimit {
      lines.append("file and \(files.count - Self.fileLimit) more")
    }
    for (fault, hasFired) in zip(world.faults.faults, world.faults.fired) {
      lines.append("fault \(hasFired ? "fired" : "armed") \(Self.text(fault))")
    }
    for snapshot in snapshots { lines.append("snapshot \(snapshot.name)") }
    return lines
  }

  private static func line(_ file: PendingSummary.File) -> String {
    let path = file.path.map(printable) ?? "(no name, inode \(file.inode.rawValue))"
    let lost = file.lostBytes > 0 ? ", \(file.lostBytes) bytes lost by a failed barrier" : ""
    return "file \(path): \(file.bytes) bytes in \(file.operations) operations, size \(file.size), "
      + "on disk \(file.durableSize)\(lost)"
  }

  /// A fault without its request, which says nothing here.
  private static func text(_ fault: Fault) -> String {
    let text = fault.text
    return text.hasPrefix("request=0 ") ? String(text.dropFirst(10)) : text
  }

  /// A path on one line: what is no printable ASCII is written as `\xNN`.
  static func printable(_ path: [UInt8]) -> String {
    var text = ""
    for byte in path {
      if byte > 0x20 && byte < 0x7F && byte != 0x5C {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}
