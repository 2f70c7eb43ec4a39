import FoundationEssentials
import SubjectProtocol
import Testing

/// What real file systems did: `Fixtures/observations.json`.
///
/// The file is the ground truth of this project as it was measured on Linux 6.18.44 with xfsprogs
/// 6.1 and btrfs-progs 6.2: every outcome of every workload after half a million power cuts, and
/// every step of 1,704 failed fsyncs.
struct ObservationFile: Sendable {
  /// What was seen on one file system, of one workload, at one stage.
  struct Row: Sendable {
    var fileSystem: String
    var workload: String
    var stage: String
    var observation: String
    /// On how many crash images.
    var count: Int
  }

  /// A rule that a workload's outcome broke, by the laboratory's name.
  struct Flag: Sendable {
    var fileSystem: String
    var workload: String
    var flag: String
    var count: Int
  }

  /// One run with a failing device: its steps in order, and what each showed.
  struct FailureRun: Sendable {
    var fileSystem: String
    var operation: String
    var failure: String
    var variant: String
    var steps: [(name: String, result: String)]
  }

  var rows: [Row]
  var flags: [Flag]
  var failures: [FailureRun]

  /// The file that comes with these tests.
  static let shared: Result<ObservationFile, any Error> = Result { try ObservationFile() }

  private init() throws {
    let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let data = try Data(contentsOf: URL(filePath: "/\(folder)/Fixtures/observations.json"))
    let json = try JSONParser.parse(Array(data))
    rows = try Self.objects(json, "power_loss").map { row in
      Row(
        fileSystem: try Self.text(row, "fs"), workload: try Self.text(row, "workload"),
        stage: try Self.text(row, "stage"), observation: try Self.text(row, "observation"),
        count: try Self.number(row, "count"))
    }
    flags = try Self.objects(json, "flags").map { row in
      Flag(
        fileSystem: try Self.text(row, "fs"), workload: try Self.text(row, "workload"),
        flag: try Self.text(row, "flag"), count: try Self.number(row, "count"))
    }
    failures = try Self.objects(json, "fsync_failure").map { row in
      let places: Set = ["filesystem", "op", "fail", "variant"]
      guard case .object(let members) = row else { throw Damage("a run that is no object") }
      return FailureRun(
        fileSystem: try Self.text(row, "filesystem"), operation: try Self.text(row, "op"),
        failure: try Self.text(row, "fail"), variant: try Self.text(row, "variant"),
        steps: members.compactMap { member in
          let name = String(decoding: member.key, as: UTF8.self)
          guard !places.contains(name), case .string(let result) = member.value else { return nil }
          return (name, String(decoding: result, as: UTF8.self))
        })
    }
  }

  private struct Damage: Error { init(_ what: String) { self.what = what }; var what: String }

  private static func objects(_ json: JSONValue, _ key: String) throws -> [JSONValue] {
    guard case .array(let values)? = json[key] else { throw Damage("no array \(key)") }
    return values
  }

  private static func text(_ json: JSONValue, _ key: String) throws -> String {
    guard case .string(let bytes)? = json[key] else { throw Damage("no text \(key)") }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func number(_ json: JSONValue, _ key: String) throws -> Int {
    guard case .number(let value)? = json[key] else { throw Damage("no number \(key)") }
    return Int(value)
  }
}
