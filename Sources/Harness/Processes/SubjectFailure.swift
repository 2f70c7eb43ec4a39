public import FaultFS
public import StorageInterface

/// Why a subject gave no answer.
public enum SubjectFailure: Error, Equatable, Sendable {
  /// It could not be started: the step that failed, and its error.
  case couldNotStart(StartStep, Errno)
  /// It exited by itself with this status.
  case exited(Int32)
  /// A signal ended it.
  case signalled(Int32)
  /// It closed its standard output and lives on.
  case closedOutput
  /// A line, or what it wrote unasked, exceeded the limit, in bytes.
  case answerTooLong(limit: Int)
  /// It neither answered nor used the disk for too long.
  case idleTooLong(Duration)
  /// It did not answer in the time it has altogether, though it used the disk.
  case tookTooLong(Duration)
  /// A call of it met a fault that never lets it return.
  case callNeverReturns
  /// The user asked to end (SIGINT or SIGTERM, by number).
  case interrupted(Int32)
  /// The mount is gone.
  case mountLost(MountFailure)
  /// It did something that cannot be seen, or that would outlive a crash: nothing can be measured.
  case unobservable(String)
  /// The harness could not wait or read.
  case harness(Errno)

  /// The steps of starting a program.
  public enum StartStep: Int32, Equatable, Sendable {
    /// Making the pipes and the process.
    case process = 0
    /// A process group of its own that ends with its parent.
    case group = 1
    /// Its standard descriptors.
    case descriptors = 2
    /// The working directory.
    case directory = 3
    /// Its resource limits.
    case limits = 4
    /// The Landlock rules.
    case confinement = 5
    /// The program itself.
    case execution = 6
    /// The watch on calls that the file system never sees.
    case watch = 7
  }
}

extension SubjectFailure {
  /// What to add where an answer was begun and not ended, after `count` bytes.
  static func unendedLine(_ count: Int) -> String {
    ", though it wrote \(count) bytes without a line end: end each answer with one, and flush"
  }
}

extension SubjectFailure: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .couldNotStart(let step, let error):
      switch step {
      case .execution: "the subject's program cannot be executed (\(error))"
      case .directory: "the subject's working directory cannot be entered (\(error))"
      case .confinement: "the subject cannot be confined to its directories (\(error))"
      case .watch:
        "this kernel does not let the subject's syncfs and its like be seen (seccomp: \(error)); a "
          + "container may have to allow it"
      case .process, .group, .descriptors, .limits:
        "the subject cannot be started (\(step): \(error))"
      }
    case .exited(let status): "the subject exited with status \(status)"
    case .signalled(let number): "the subject was ended by signal \(number)"
    case .callNeverReturns: "a call of the subject never returned: an injected fault"
    case .closedOutput: "the subject closed its standard output"
    case .answerTooLong(let limit): "the subject's answer is longer than \(limit) bytes"
    case .idleTooLong(let limit):
      "the subject neither answered nor used the disk for \(limit)"
    case .tookTooLong(let limit): "the subject did not answer within \(limit)"
    case .interrupted(let number): "interrupted by signal \(number)"
    case .mountLost(let failure): failure.description
    case .unobservable(let reason): reason
    case .harness(let error): "the harness cannot reach the subject (\(error))"
    }
  }
}

/// How a process ended.
public enum ProcessEnd: Equatable, Sendable {
  /// By itself, with this status.
  case exited(Int32)
  /// By this signal.
  case signalled(Int32)

  /// The failure that this end is for whoever waited for an answer.
  public var failure: SubjectFailure {
    switch self {
    case .exited(let status): .exited(status)
    case .signalled(let number): .signalled(number)
    }
  }
}
