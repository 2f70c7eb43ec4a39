/// How to start a subject: the program, what it sees, and what it may use.
public struct SubjectCommand: Equatable, Sendable {
  /// The program, found along `PATH` when it has no slash, and its arguments.
  public var arguments: [String]
  /// The whole environment, as `NAME=value`; nothing is inherited.
  public var environment: [String]
  /// The working directory.
  public var directory: String
  /// The only directories below which it may change anything. The kernel enforces it where it has
  /// Landlock; see `Confinement`.
  public var writableDirectories: [String]
  /// Whether the calls that the file system never sees are watched (`SynchronizationWatch`). The
  /// start fails where the kernel cannot.
  public var watchesCalls = false
  /// What it may use.
  public var limits = SubjectLimits()

  /// Makes a command with the default limits.
  public init(
    arguments: [String], environment: [String], directory: String, writableDirectories: [String]
  ) {
    precondition(!arguments.isEmpty, "a command names its program")
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.writableDirectories = writableDirectories
  }
}

/// What a subject may use.
public struct SubjectLimits: Equatable, Sendable {
  /// Address space in bytes (`RLIMIT_AS`); nil for none. A garbage-collected runtime may reserve
  /// far more than it uses.
  public var addressSpace: UInt64? = 4 << 30
  /// Processes of the same user (`RLIMIT_NPROC`); nil for none. Linux ignores it for root, and
  /// counts every process of the user, so it must leave room for what runs already.
  public var processes: UInt64?
  /// The longest answer in bytes.
  public var answerBytes = 64 << 20
  /// How much of the end of standard error is kept, in bytes, besides its first 16 KiB.
  public var standardErrorTail = 64 << 10

  /// The defaults.
  public init() {}
}

/// How long to wait for an answer; two limits, both on the monotonic clock.
public struct TimeLimit: Equatable, Sendable {
  /// The longest time without an answer and without any disk operation.
  public var idle: Duration
  /// The longest time altogether, against a subject that works in circles.
  public var total: Duration

  /// Makes limits; `total` is ten times `idle` unless given.
  public init(idle: Duration, total: Duration? = nil) {
    self.idle = idle
    self.total = total ?? idle * 10
  }
}
