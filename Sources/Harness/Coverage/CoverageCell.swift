import DurabilityModel

/// A place of the fault space: a disk operation, the role of its file and the subject's phase.
struct CoveragePlace: Hashable, Sendable {
  var operation: String
  var role: FileRole
  var phase: Phase
}

/// One reachable cell of the fault space, as the report holds it.
struct CoverageCell: Codable, Sendable, Equatable {
  /// The kind of disk operation.
  var operation: String
  /// The role of its file: its name with digits masked.
  var role: String
  /// What the subject was doing (`Phase`).
  var phase: String
  /// What happened there (`CoverageEvent`).
  var event: String
  /// Whether it was hit.
  var reached: Bool
  /// The first recording in which it could have been hit: its number in the report, from 0.
  var recording: Int
  /// How many recordings could have hit it; absent in reports of earlier versions.
  var offered: Int?
  /// Why it was never hit, as far as the recordings tell; absent where it was.
  var why: String?
  /// The command that aims at it: more seeds of that recording's scenario.
  var aim: String

  /// Orders cells by their bytes.
  var sortKey: [UInt8] {
    Array("\(operation)\u{0}\(role)\u{0}\(phase)\u{0}\(event)".utf8)
  }
}
