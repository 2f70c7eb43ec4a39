internal import StorageInterface
internal import SubjectProtocol

/// Why a request to a design failed, in the protocol's words.
struct DesignError: Error, Equatable {
  var kind: FailureKind
  var message: String

  init(_ kind: FailureKind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// A call that failed with `errno` while `doing` something.
  init(_ errno: Errno, doing: String) {
    let isFull = errno == .noSpace || errno == .quotaExceeded
    self.init(isFull ? .full : .io, "\(doing): \(errno)")
  }

  /// What reading exactly so many bytes met while `doing` something.
  init(_ failure: ReadFailure, doing: String) {
    switch failure {
    case .io(let errno): self.init(errno, doing: doing)
    case .unexpectedEnd: self.init(.corrupt, "\(doing): failed to fill whole buffer")
    case .outOfMemory(let bytes):
      self.init(.corrupt, "\(doing): memory allocation of \(bytes) bytes failed")
    }
  }
}

/// Why so many bytes could not be read.
enum ReadFailure: Error, Equatable {
  case io(Errno)
  /// The file ends before that.
  case unexpectedEnd
  /// The buffer for them could not be had.
  case outOfMemory(Int)
}

/// Runs `body` and says what it was doing when it failed.
func doing<Result>(
  _ what: String, _ body: () throws(Errno) -> Result
) throws(DesignError) -> Result {
  do throws(Errno) { return try body() } catch { throw DesignError(error, doing: what) }
}
