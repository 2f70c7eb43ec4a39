import Designs
import DurabilityModel
import Subjects

/// A subject as `make findings` runs it: what it is held to, in whose words, and where.
struct FindingsSubject: Sendable {
  /// The name that chooses it.
  var name: String
  /// The heading it stands under.
  var family: String
  /// What it is, or how it is set.
  var summary: String
  /// What its documentation promises, in a few words of its own; empty where the contract is the
  /// whole promise.
  var promise: String
  /// Where those words stand: the documentation, and the contract page of this repository.
  var source: String
  /// Where it runs.
  var targets: [TargetKind]
  /// Whether an acknowledged write is promised to survive a loss of power.
  var isDurable: Bool
  /// Whether it is held to `durable` as well, to show what its setting costs.
  var isHeldToDurable: Bool
  /// Whether it is one of the real databases.
  var isDatabase: Bool { DatabaseSetting.named(name) != nil }
  /// The models it is run under.
  var models: [PersistenceModelName]

  /// Every subject of the findings, in the order in which they are listed.
  static var all: [FindingsSubject] {
    let own = SubjectRegistry.entries.filter {
      $0.name == "reference" || PublishedDesign.named($0.name) != nil
    }
    return own.map { entry in
      FindingsSubject(
        name: entry.name, family: entry.name == "reference" ? "The reference" : "Published designs",
        summary: entry.summary, promise: "", source: page(entry.name), targets: [.sim, .fuse],
        isDurable: true,
        isHeldToDurable: false, models: [.posixMin])
    } + DatabaseSetting.all.map(FindingsSubject.init)
  }

  /// The contract page of a subject that lives in this process.
  private static func page(_ name: String) -> String {
    if name == "reference" { return "Sources/ReferenceStore/ReferenceStore.docc/ReferenceStore.md" }
    let design = name.split(separator: "-").first.map(String.init) ?? name
    return "Sources/Designs/Designs.docc/\(design).md"
  }

  /// A database's setting: durable ones are tried under every model, since a portability finding is
  /// other news than one that happens on a file system as it is.
  private init(_ setting: DatabaseSetting) {
    name = setting.name
    family = setting.engine.rawValue
    summary = setting.setting
    promise = setting.promise
    source = "\(setting.source); \(setting.engine.page)"
    targets = [.fuse]
    isDurable = setting.isDurable
    isHeldToDurable = !setting.isDurable
    models = setting.isDurable ? PersistenceModelName.allCases : [.posixMin]
  }

  private init(
    name: String, family: String, summary: String, promise: String, source: String,
    targets: [TargetKind], isDurable: Bool, isHeldToDurable: Bool, models: [PersistenceModelName]
  ) {
    self.name = name
    self.family = family
    self.summary = summary
    self.promise = promise
    self.source = source
    self.targets = targets
    self.isDurable = isDurable
    self.isHeldToDurable = isHeldToDurable
    self.models = models
  }
}
