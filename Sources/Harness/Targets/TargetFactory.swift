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
    "--target sim runs subjects that come with the tool; a program of yours needs --target fuse")

  /// A target of `kind` for `subject`.
  func make(
    _ kind: TargetKind, subject: RunPlan.SubjectChoice
  ) throws(RunError) -> any Target {
    switch (kind, subject) {
    case (.sim, .builtIn(let name)):
      guard let entry = SubjectRegistry.entry(name) else { throw SubjectRegistry.unknown(name) }
      guard !entry.needsMount else {
        throw .usage("\(name) needs a real mount: --target fuse")
      }
      return SimulatedTarget(makeSubject: entry.make)
    case (.sim, .command):
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
    ]
    for design in PublishedDesign.all {
      entries.append(
        Entry(name: design.name, summary: design.summary, make: { design.makeSubject($0) }))
    }
    for bug in PlantedBug.allCases {
      entries.append(
        Entry(
          name: "canary-" + bug.rawValue, summary: "planted bug: " + bug.summary,
          needsMount: bug.needsMount, make: { MinimalSubject(openStorage: $0, bug: bug) }))
    }
    return entries
  }

  /// The subject called `name`, if there is one.
  static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// The one line for a name that is none.
  static func unknown(_ name: String) -> RunError {
    .usage("no subject is called \"\(name)\"; torture list subjects shows those there are")
  }
}
