public import StorageInterface

/// What a fault does to the operation that meets it.
public enum FaultEffect: Sendable, Equatable {
  /// The call fails.
  case fails(Failure)
  /// A read or a write transfers so many bytes and no more, and says so: at least one.
  case short(Int)
  /// The call takes so many milliseconds longer. The model has no clock: only a real mount waits.
  case slow(milliseconds: Int)
  /// The call never returns: the process hangs in it until it is killed.
  case hangs
  /// Background work that succeeds.
  case done

  /// How a call fails.
  public struct Failure: Sendable, Equatable {
    /// The error it gets.
    public var error: Errno
    /// For a write: how many bytes it leaves behind before it fails; nil where nothing is said, and
    /// then a write that is a barrier too fails as a barrier.
    public var leaving: Int?
    /// What a failed barrier leaves behind; nil for what the persistence model says.
    public var after: AfterFailedBarrier?
    /// Which pages of the batch could not be written; the others may reach the disk.
    public var lost: LostPages

    /// Makes a failure.
    public init(
      _ error: Errno, leaving: Int? = nil, after: AfterFailedBarrier? = nil, lost: LostPages = .all
    ) {
      self.error = error
      self.leaving = leaving
      self.after = after
      self.lost = lost
    }

    /// Makes a failure with the errno of the C name `errno`; nil where there is none of that name.
    public init?(errno: String, after: AfterFailedBarrier? = nil, lost: LostPages = .all) {
      guard let error = Errno(name: errno) else { return nil }
      self.init(error, after: after, lost: lost)
    }
  }
}

/// Which of the dirty pages that a barrier sent out together could not be written (disk.md:
/// "siblings in the batch may be written"). Pages are counted in the order of the file.
public enum LostPages: String, Sendable, CaseIterable {
  /// All of them.
  case all
  /// The first one alone.
  case first
  /// The last one alone.
  case last
  /// Every other one, from the first on.
  case alternate

  /// Those of `pages`, which rise, that are lost.
  func select(_ pages: RangeSet) -> RangeSet {
    guard let first = pages.ranges.first?.lowerBound, let end = pages.ranges.last?.upperBound
    else { return pages }
    switch self {
    case .all: return pages
    case .first: return RangeSet(first..<first + 1)
    case .last: return RangeSet(end - 1..<end)
    case .alternate:
      var lost = RangeSet()
      for (index, page) in pages.ranges.joined().enumerated() where index.isMultiple(of: 2) {
        lost.insert(page..<page + 1)
      }
      return lost
    }
  }
}

extension Errno {
  /// Whether it is what a file system reports when writing pages back failed. Any other error of a
  /// barrier says that nothing was tried, and all stays pending.
  var isOfWriteBack: Bool { self == .ioError || self == .noSpace || self == .quotaExceeded }
}
