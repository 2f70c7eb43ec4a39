import Designs
import Subjects

/// Makes targets for a subject; each worker gets its own.
struct TargetFactory: Sendable {
  /// The path of this program, which is also the subject process of every built-in subject.
  let program: String
  /// Whether the kernel's page cache stands before mounts.
  var mode = MountMode.auto

  /// The one line for a program that was to run in this process.
  static let needsFuse = RunError.usage(
    "--target sim runs subjects that live in this process; a database or a program of yours needs "
      + "--target fuse")

  /// A target of `kind` for `subject`.
  func make(
    _ kind: TargetKind, subject: RunPlan.SubjectChoice
  ) throws(RunError) -> any Target {
    if case .builtIn(let name) = subject, let setting = DatabaseSetting.named(name) {
      guard kind == .fuse else { throw Self.needsFuse }
      return try FuseTarget(
        command: try DatabaseProgram.command(setting, beside: program), isForeign: true,
        mode: mode)
    }
    switch (kind, subject) {
    case (.sim, .builtIn(let name)):
      guard let entry = SubjectRegistry.entry(name) else { throw SubjectRegistry.unknown(name) }
      guard !entry.needsMount else {
        throw .usage("\(name) needs a real mount: --target fuse")
      }
      return SimulatedTarget(makeSubject: entry.make)
    case (.fuse, .upgraded(let old, let words)):
      let new = try make(kind, subject: .command(words))
      do throws(RunError) {
        return UpgradeTarget(old: try make(kind, subject: old), new: new)
      } catch {
        new.shutDown()
        throw error
      }
    case (.sim, .command), (.sim, .upgraded):
      throw Self.needsFuse
    case (.fuse, .builtIn(let name)):
      guard SubjectRegistry.entry(name) != nil else { throw SubjectRegistry.unknown(name) }
      return try FuseTarget(
        command: [program, "subject", name], isForeign: false, mode: mode)
    case (.fuse, .command(let words)):
      return try FuseTarget(command: words, isForeign: true, mode: mode)
    }
  }
}

/// The subjects that come with the tool.
enum SubjectRegistry {
  /// One subject.
  struct Entry: Sendable {
    var name: String
    var summary: String
    /// Whether it cannot live in this process.
    var needsMount = false
    var make: SubjectFactory
  }

  /// Every subject, in the order in which they are listed.
  static var entries: [Entry] {
    var entries = [
      Entry(
        name: "reference", summary: "the reference store: a segmented log and snapshots",
        make: { ReferenceSubject(storage: $0) }),
      Entry(
        name: "minimal", summary: "a log as small as it can be and right, the canaries' base",
        make: { MinimalSubject(openStorage: $0, bug: nil) }),
      Entry(
        name: "group-commit",
        summary: "the same log behind \(GroupCommitSubject.threads) threads, with group commit",
        make: { GroupCommitSubject(openStorage: $0, bug: nil) }),
    ]
    for design in PublishedDesign.all {
      entries.append(
        Entry(name: design.name, summary: design.summary, make: { design.makeSubject($0) }))
    }
    for bug in PlantedBug.allCases {
      entries.append(
        Entry(
          name: "canary-" + bug.rawValue, summary: "planted bug: " + bug.summary,
          needsMount: bug.needsMount,
          make: {
            if bug.needsThreads { return GroupCommitSubject(openStorage: $0, bug: bug) }
            return MinimalSubject(openStorage: $0, bug: bug)
          }))
    }
    return entries + registered.withLock { $0 }
  }

  /// Subjects of the program that this library is part of.
  private static let registered = Lock<[Entry]>([])

  /// Makes a subject known; one of the same name goes.
  static func register(_ entry: Entry) {
    registered.withLock { entries in
      entries.removeAll { $0.name == entry.name }
      entries.append(entry)
    }
  }

  /// The subject called `name`, if there is one.
  static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// The one line for a name that is none.
  static func unknown(_ name: String) -> RunError {
    .usage("no subject is called \"\(name)\"; torture list subjects shows those there are")
  }
}
