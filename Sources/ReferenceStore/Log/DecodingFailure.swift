/// Why bytes are no record, header or snapshot. Returned, not thrown: only recovery knows whether
/// it means a torn tail or damage.
enum DecodingFailure: Error, Equatable, Sendable {
  /// The file ends inside it.
  case truncated
  /// The length cannot be right.
  case badLength
  /// The checksum does not match.
  case checksumMismatch
  /// It belongs to another segment, or to another life of this one.
  case foreign
  /// The sequence number does not follow.
  case sequenceGap
  /// The checksum matches and the content still makes no sense.
  case malformed
  /// The magic number is not there.
  case badMagic
  /// The version is another than this code's, or a feature is needed that this code does not have.
  case unknownVersion

  /// The failure in words, for an error's reason.
  var reason: String {
    switch self {
    case .truncated: "the file ends inside it"
    case .badLength: "its length cannot be right"
    case .checksumMismatch: "its checksum does not match"
    case .foreign: "it belongs to another segment"
    case .sequenceGap: "its sequence number does not follow"
    case .malformed: "its checksum matches but its content makes no sense"
    case .badMagic: "the magic number is not there"
    case .unknownVersion: "its version is not known"
    }
  }
}
