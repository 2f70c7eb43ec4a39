public import DurabilityModel
public import SubjectProtocol

/// A kept configuration: what a family of runs does to a subject and what it holds it to.
///
/// Each run draws its schedule from the scenario and a seed. The properties are the keys of the
/// file, which is JSON5 under `Scenarios/`.
public struct Scenario: Sendable, Equatable {
  /// The file's name without its folder and ending.
  public var name: String
  /// What the scenario is after, in a sentence or two.
  public var purpose: String
  /// How many components a vector has.
  public var dimension = 8
  /// How many requests an epoch has, its `open` apart.
  public var operations = 32
  /// How many epochs a run has: from an `open` to the next crash.
  public var epochs = 2
  /// From how many crash states of one recording the workload goes on.
  public var continuations = 2
  /// How often each kind of step is drawn. Kinds that the file does not name are off, unless it
  /// has no weights at all.
  public var weights = WorkWeights.standard
  /// The requests of each epoch where the scenario gives them by hand instead of weights.
  public var requests: [[ScriptedRequest]]?
  /// Whether each seed switches whole kinds of steps off and draws the weights anew.
  public var swarm = true
  /// How many requests may be outstanding at once, where the subject takes so many.
  public var concurrency = 8
  /// The ids that a run uses.
  public var keys = Keys()
  /// The size that large records are padded to by their metadata.
  public var recordBytes = RecordBytes()
  /// The crashes that are tried.
  public var crashes = Contract.Crash.allCases
  /// The assumptions about the disk.
  public var disk = DiskParameters()
  /// How many crash states of one crash point are tried, and how many recoveries.
  public var explosion = Explosion()
  /// The faults that seeds get.
  public var faults: [FaultTemplate] = []
  /// The ways in which the medium damages a crash state, one each; none for a sound medium.
  public var media: [MediaFaultKind] = []
  /// How many bytes the files may take; nil for no limit.
  public var quota: QuotaRange?
  /// The subject's own options, passed to `hello` and `open`.
  public var options = JSONValue.emptyObject
  /// Options of which each life after the first gets one, or none, laid over `options`.
  public var restartOptions: [JSONValue] = []
  /// What the clock does across restarts besides going on.
  public var clock: [ClockPlan.Change] = []
  /// What a subject process may use before it is ended.
  public var limits = Limits()
  /// What the subject is held to instead of its own contract.
  public var contract = ContractOverrides()
  /// Operations without which the scenario makes no sense for a subject.
  public var requires: [OperationName] = []
  /// What must be found, for a scenario that is a positive control; nil for all others.
  public var expects: Expectation?

  /// The greatest depth of crashes inside recoveries.
  public static let greatestDepth = 64

  /// A scenario with the default of everything.
  public init(name: String, purpose: String) {
    self.name = name
    self.purpose = purpose
  }

  /// How long the subject's segments are, where its options say so under the reference's name.
  var segmentBytes: Int? {
    guard case .object(let members) = options,
      case .number(let number)? = members.first(where: {
        $0.key.elementsEqual("segmentBytes".utf8)
      })?.value
    else { return nil }
    return Int(exactly: number)
  }

  /// Whether a subject with `operations` can run this scenario.
  public func isAllowed(by operations: Set<OperationName>) -> Bool {
    requires.allSatisfy(operations.contains)
  }

  /// Whether the disk breaks its own promises in it: the medium is damaged, or barriers lie. What
  /// a store can promise then is what it can tell from a checksum (disk.md, "profiles of their
  /// own"), so nothing is held against one that never said it would. A positive control is none.
  public var needsDetection: Bool {
    !media.isEmpty || (disk.liesAboutBarriers && expects == nil)
  }

  /// The ids that a run uses: few, so that most requests meet a record.
  public struct Keys: Sendable, Equatable {
    /// How many ids there are.
    public var count = 12
    /// How many of them are hot.
    public var hot = 3
    /// The share of requests that go to the hot ones, in percent.
    public var hotShare = 50

    /// Twelve ids, three of them hot.
    public init() {}
  }

  /// The bounds of a record's size in bytes, as far as a writer of requests can know it.
  public struct RecordBytes: Sendable, Equatable {
    /// The least size of a record that is padded.
    public var minimum = 0
    /// The greatest size of a record.
    public var maximum = 4200
    /// How many of a hundred records are brought to a drawn size; the others are small.
    public var share = 10

    /// Up to a little over one page.
    public init() {}
  }

  /// How many crash states of one crash point are tried, and of how many the recovery is crashed.
  public struct Explosion: Sendable, Equatable {
    /// Up to so many permitted states all are tried.
    public var exhaustiveUpTo = 64
    /// Past that, so many are drawn.
    public var samplesPerPoint = 32
    /// To about how many the power losses of one recording are thinned out, the points with most
    /// states first. A log's recording of forty requests has a thousand or two.
    public var statesPerLife = 3000
    /// From how many crash states of one recording the recovery is recorded and crashed itself.
    public var recoveries = 6
    /// How many crashes inside recoveries follow each other: 1 crashes the recovery from a crash of
    /// the workload, 2 also the recovery from that one; 0 crashes none.
    public var depth = 2

    /// All up to 64, else 32; six recoveries, to depth 2.
    public init() {}
  }

  /// What a subject process may use.
  public struct Limits: Sendable, Equatable {
    /// Seconds from a request to its answer.
    public var requestSeconds = 5
    /// Megabytes (2²⁰ bytes) of address space.
    public var memoryMegabytes = 2048
    /// Kilobytes (2¹⁰ bytes) of standard error that are kept; the rest is dropped.
    public var standardErrorKilobytes = 256
    /// Megabytes (2²⁰ bytes) of one answer.
    public var answerMegabytes = 64

    /// The limits of every scenario that does not set its own.
    public init() {}
  }

  /// What a positive control must find.
  public enum Expectation: String, Sendable, CaseIterable {
    /// A durable subject must lose data here, or the harness is broken.
    case loss
  }
}
