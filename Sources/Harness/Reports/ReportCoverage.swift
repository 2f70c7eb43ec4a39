import DurabilityModel
import Oracle

/// What the recordings of a report covered, read back from it.
struct ReportCoverage {
  private let report: Report
  private let name: String
  private let cells: [(place: CoveragePlace, bit: UInt64, first: Int)]
  private let digests: [UInt64]

  /// Reads the cells of `report`; complaints call it `name`.
  init(_ report: Report, _ name: String) throws(RunError) {
    self.report = report
    self.name = name
    digests = report.behaviours.digests.map { UInt64($0, radix: 16) ?? 0 }
    cells = try report.coverage.cells.map { cell throws(RunError) in
      guard let phase = Phase(rawValue: cell.phase),
        let event = CoverageEvent.all.first(where: { $0.name == cell.event })
      else {
        throw Self.unreadable(name, "a cell of phase \(cell.phase), event \(cell.event)")
      }
      let place = CoveragePlace(
        operation: cell.operation, role: FileRole(name: cell.role), phase: phase)
      return (place: place, bit: event.bit, first: cell.recording)
    }
  }

  /// The places of a recording, in the order of the report's cells.
  func places(
    of number: Int
  ) throws(RunError) -> [(CoveragePlace, Coverage.Reach)] {
    let recording = report.recordings[number]
    let reached = try members(recording.cells, number)
    let offered = try recording.offered.map { text throws(RunError) in try members(text, number) }
    let unmet = try members(recording.unmet ?? "", number)
    var places: [(CoveragePlace, Coverage.Reach)] = []
    var index: [CoveragePlace: Int] = [:]
    func note(_ cell: Int, _ change: (inout Coverage.Reach, UInt64) -> Void) {
      let place = cells[cell].place
      if index[place] == nil {
        index[place] = places.count
        places.append((place, Coverage.Reach()))
      }
      if let position = index[place] { change(&places[position].1, cells[cell].bit) }
    }
    for cell in reached {
      note(cell) { reach, bit in
        reach.reached |= bit
        reach.reachable |= bit
      }
    }
    let others = offered ?? cells.indices.filter { cells[$0].first == number }
    for cell in others { note(cell) { $0.reachable |= $1 } }
    for cell in unmet { note(cell) { $0.unmet |= $1 } }
    return places
  }

  /// The digests of a recording's behaviours, rising.
  func behaviours(of number: Int) throws(RunError) -> [UInt64] {
    guard let shown = IndexText.numbers(gaps: report.recordings[number].behaviours),
      shown.allSatisfy({ $0 < digests.count })
    else { throw Self.unreadable(name, "the behaviours of recording \(number)") }
    return shown.map { digests[$0] }.sorted()
  }

  /// The rows of the recovery table that a recording met.
  func recoveryRows(of number: Int) throws(RunError) -> UInt32 {
    let text = report.recordings[number].recoveryRows ?? ""
    guard let rows = RecoveryLetters.rows(text) else {
      throw Self.unreadable(name, "the recovery rows of recording \(number)")
    }
    return rows
  }

  /// How effects that were open came out in a recording.
  func outcomes(of number: Int) throws(RunError) -> OutcomeSet {
    guard let bits = UInt64(report.recordings[number].openEffects ?? "0", radix: 16) else {
      throw Self.unreadable(name, "the open effects of recording \(number)")
    }
    return OutcomeSet(rawValue: bits)
  }

  private func members(_ text: String, _ number: Int) throws(RunError) -> [Int] {
    guard let members = IndexText.members(bits: text), members.allSatisfy({ $0 < cells.count })
    else { throw Self.unreadable(name, "the cells of recording \(number)") }
    return members
  }

  private static func unreadable(_ name: String, _ what: String) -> RunError {
    .usage("\(name): not a report of this version: \(what) cannot be read")
  }
}
