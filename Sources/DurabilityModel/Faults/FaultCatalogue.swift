/// Every kind of fault that there is, with its text form and one line of meaning: the table that
/// `torture list faults` prints.
public enum FaultCatalogue {
  /// One kind.
  public struct Entry: Sendable, Equatable {
    /// How it is written.
    public let form: String
    /// What it does.
    public let meaning: String
  }

  /// Faults by what they do to a call or a file, in the order of their text form.
  public static let effects: [Entry] = [
    Entry(
      form: "request=N OPERATION ROLE nth=N ERRNO",
      meaning: "the n-th such call of the request fails and changes nothing"),
    Entry(
      form: "request=N write ROLE nth=N ERRNO after=BYTES",
      meaning: "the write leaves so many bytes behind and fails"),
    Entry(
      form: "request=N write ROLE nth=N EIO",
      meaning: "of an O_SYNC or O_DSYNC write: its barrier fails, with an after-state"),
    Entry(
      form: "request=N fsync ROLE nth=N ERRNO [state=STATE] [lost=PAGES]",
      meaning: "the barrier fails with EIO, ENOSPC or EDQUOT, and leaves an after-state"),
    Entry(
      form: "request=N read|write ROLE nth=N short=BYTES",
      meaning: "the call transfers so many bytes, no more, and says so"),
    Entry(
      form: "request=N OPERATION ROLE nth=N slow=MILLISECONDS",
      meaning: "the call takes so much longer; on a mount only, the model has no clock"),
    Entry(
      form: "request=N OPERATION ROLE nth=N hangs",
      meaning: "the call never returns: the process is killed in it"),
    Entry(
      form: "write-back ROLE file=N nth=N ERRNO [state=STATE] [lost=PAGES]",
      meaning: "after the n-th change of the file its pages are written back, and that fails"),
    Entry(
      form: "write-back ROLE file=N nth=N EIO state=ext4-abort",
      meaning: "after the n-th change of the file the journal commits by itself, and that fails"),
    Entry(
      form: "write-back ROLE file=N nth=N done",
      meaning: "after the n-th change of the file its pages are written back"),
    Entry(
      form: "evict ROLE file=N nth=N done",
      meaning: "after the n-th change of the file its clean pages leave the cache"),
  ]

  /// The after-states of a failed barrier.
  public static let states: [Entry] = AfterFailedBarrier.allCases.map {
    Entry(form: "state=\($0.rawValue)", meaning: $0.meaning)
  }

  /// Damage to an image, and disks that lie: profiles of their own, by their keys in a scenario.
  public static let profiles: [Entry] =
    MediaFaultKind.allCases.map {
      Entry(
        form: "media: [\"\($0.rawValue)\"]   \($0.rawValue):write=N:sector=N:detail=N",
        meaning: "in the image after a power cut: \($0.meaning)")
    } + [
      Entry(
        form: "disk: { liesAboutBarriers: true }",
        meaning: "barriers return and nothing becomes durable"),
      Entry(
        form: "disk: { quota: BYTES }   torture mount --quota BYTES",
        meaning: "files may take so many bytes: then short writes, and ENOSPC or EDQUOT"),
    ]

  /// Which pages of a failed batch are lost.
  public static let lostPages: [Entry] = LostPages.allCases.map {
    Entry(form: "lost=\($0.rawValue)", meaning: $0.meaning)
  }
}

extension LostPages {
  /// One line for people.
  public var meaning: String {
    switch self {
    case .all: "no page of the batch reached the disk (where nothing is said)"
    case .first: "the first page did not, the others may have"
    case .last: "the last page did not, the others may have"
    case .alternate: "every other page did not, the others may have"
    }
  }
}
