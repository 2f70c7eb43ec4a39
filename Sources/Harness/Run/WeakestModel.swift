import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Under which persistence models a violation happens (disk.md, "Models are a partial order"):
/// "needs posix-min" and "happens on ext4 as it is" are different news.
struct WeakestModel: Equatable, Sendable {
  /// The models under which it happens, in the order in which they are listed.
  var models: [PersistenceModelName]
  /// `none` where a process crash alone does it; else the first of ext4-ordered, xfs and btrfs that
  /// does it; else the model it was found under. `lazyfs` never gives the label.
  var weakest: String

  private static let fileSystems: [PersistenceModelName] = [.ext4Ordered, .xfs, .btrfs]

  /// What is known before any other model was tried.
  init(found entry: FailureEntry) {
    models = [entry.model]
    let needsNoPowerLoss =
      entry.crash.hasPrefix("process") || entry.crash.hasPrefix("no crash")
    weakest = needsNoPowerLoss ? "none" : entry.model.rawValue
  }

  /// The same, where the violation was seen under `more` models as well.
  func seen(under more: [PersistenceModelName]) -> WeakestModel {
    WeakestModel(
      models: PersistenceModelName.allCases.filter { models.contains($0) || more.contains($0) },
      isNone: weakest == "none", found: .posixMin)
  }

  private init(models: [PersistenceModelName], isNone: Bool, found: PersistenceModelName) {
    self.models = models
    let first = Self.fileSystems.first(where: models.contains)
    weakest = isNone ? "none" : (first ?? (found == .lazyfs ? .posixMin : found)).rawValue
  }

  /// Tries the example of each entry under every other model, and says so in its verdict. Where the
  /// run is interrupted, the time is `end`, or a program does not do the same again, entries stay
  /// as they are.
  static func label(
    _ entries: inout [FailureEntry], _ factory: TargetFactory, _ progress: ProgressPrinter,
    until end: Double? = nil
  ) {
    if let end, !entries.isEmpty {
      let seconds = max(1, Int(end - monotonicSeconds()))
      progress.say("trying what was found under the other models, \(seconds) s at most")
    }
    for index in entries.indices {
      guard index < limit, !isInterrupted() else { return }
      do throws(RunError) {
        let models = try find(entries[index], factory, until: end)
        entries[index].models = models
        let verdict = entries[index].directory + "/verdict"
        let line =
          "happens under: " + models.models.map(\.rawValue).joined(separator: ", ")
          + "; weakest model: " + models.weakest + "\n"
        try Files.write(try Files.read(verdict) + "\n" + line, to: verdict)
        progress.say("\(entries[index].name): weakest model \(models.weakest)")
      } catch {
        if error != .interrupted { progress.say("other models not tried: \(error.message)") }
      }
    }
  }

  /// More causes than one run of a broken store has; the others keep the model they were found
  /// under.
  private static let limit = 16

  /// Tries the schedule of `entry` under each model, with every crash of the model in place of the
  /// one it was found with.
  ///
  /// The first life is recorded once and exploded again under each model where no fault fired: its
  /// operations are the same then. Where one did, errno, cache and later calls depend on the model;
  /// and a later life begins with a crash state of the model, so it is recorded anew in any case.
  private static func find(
    _ entry: FailureEntry, _ factory: TargetFactory, until end: Double?
  ) throws(RunError) -> WeakestModel {
    let failure = try FailureDirectory(entry.directory)
    // The same schedule gives the same on both targets, and in this process sooner.
    let kind: TargetKind = failure.schedule.subject.livesInProcess ? .sim : .fuse
    var session = try failure.session(on: kind, factory)
    if session.concurrency > 1, kind != failure.schedule.target {
      // Its threads are there on its own target only.
      session.target.shutDown()
      session = try failure.session(on: failure.schedule.target, factory)
    }
    defer { session.target.shutDown() }
    let script = failure.schedule.epochs[0]
    let first = try EpochRecorder(session).record(
      disk: session.freshDisk(failure.schedule.seed), oracle: session.freshOracle(),
      requests: script.requests, faults: script.faults)
    func happens(_ crashes: Set<Contract.Crash>) throws(RunError) -> Bool {
      var walk = ScheduleWalk(session: session, seed: failure.schedule.seed)
      // What the contract promises counts, not which crashes the scenario happens to try.
      walk.crashes = crashes.filter { session.contract.acknowledgement(after: $0) != .none }
      walk.wanted = failure.schedule.violation
      walk.isSameSubject = true
      walk.cause = entry.cause
      walk.end = end
      if !first.faults.fired.contains(true), session.scenario.quota == nil {
        walk.firstLife = first.under(session.scenario.disk)
      }
      if walk.crashes.isEmpty && failure.schedule.epochs.last?.crash != nil { return false }
      return try walk.firstViolation(failure.schedule.epochs) != nil
    }
    let isNone = try happens([.process])
    var models: [PersistenceModelName] = []
    for model in PersistenceModelName.allCases {
      if isNone || model == entry.model {
        models.append(model)
        continue
      }
      session = session.under(model)
      if try happens([.power]) { models.append(model) }
    }
    return WeakestModel(models: models, isNone: isNone, found: entry.model)
  }
}
