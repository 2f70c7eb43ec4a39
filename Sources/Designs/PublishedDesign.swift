public import StorageInterface
public import SubjectProtocol

/// A design that others have published, with one setting of its options, as a subject.
///
/// Each is rebuilt from its documented format and algorithm, faults included. Its page in this
/// target's documentation says what it promises and what it is held to.
public struct PublishedDesign: Sendable {
  /// The subject's name.
  public let name: String
  /// One line about it.
  public let summary: String
  /// The defects that the design's own text shows.
  public let defects: [KnownDefect]
  private let kind: DesignKind
  private let preset: JSONValue

  /// Every design and setting, in the order in which they are listed.
  public static let all: [PublishedDesign] = [
    PublishedDesign(
      "vecstore", "vecstore 1.0.0: one file of records, never synced at a write", .vecstore),
    PublishedDesign(
      "oxirs", "oxirs-vec as by default: a file for each start, nothing synced unasked", .oxirs),
    PublishedDesign(
      "oxirs-sync", "oxirs-vec with sync_on_write", .oxirs, [("syncOnWrite", .bool(true))]),
    PublishedDesign("dakera", "dakera-storage 0.10.2 as by default: every write flushed", .dakera),
    PublishedDesign(
      "dakera-manual", "dakera-storage with its manual mode: flushed when asked", .dakera,
      [("syncMode", .string(Array("manual".utf8)))]),
    PublishedDesign("velesdb", "velesdb-core 2.0.0 as by default: single stores synced", .velesdb),
    PublishedDesign(
      "velesdb-batch", "velesdb-core with batches, which only flush makes durable", .velesdb,
      [("batches", .bool(true))]),
    PublishedDesign(
      "velesdb-flush-only", "velesdb-core in the mode that never syncs its log", .velesdb,
      [("durability", .string(Array("flush-only".utf8)))]),
    PublishedDesign(
      "foxstash", "foxstash-core as by default: synced every hundred operations", .foxstash),
    PublishedDesign(
      "foxstash-sync", "foxstash-core with sync_on_write", .foxstash,
      [("syncOnWrite", .bool(true))]),
  ]

  /// The design and setting called `name`, if there is one.
  public static func named(_ name: String) -> PublishedDesign? { all.first { $0.name == name } }

  /// The defect that a violation of this name comes from, as far as it is known; `cause` is what a
  /// report says about it: the cause, and what was found.
  public func defect(_ violation: String, cause: String) -> KnownDefect? {
    defects.first { $0.signs.contains { $0.matches(violation, cause: cause) } }
  }

  /// The subject, which reaches the world through `openStorage`.
  public func makeSubject(
    _ openStorage: @escaping (String) throws(Errno) -> any Storage
  ) -> any Subject {
    DesignSubject(kind, preset: preset, openStorage: openStorage)
  }

  private init(
    _ name: String, _ summary: String, _ kind: DesignKind, _ preset: [(String, JSONValue)] = []
  ) {
    self.name = name
    defects = kind.defects
    self.summary = summary
    self.kind = kind
    self.preset = .object(
      preset.map { JSONValue.Member(key: Array($0.0.utf8), value: $0.1) })
  }
}
