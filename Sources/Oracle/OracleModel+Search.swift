import Determinism
import SubjectProtocol

extension OracleModel {
  /// Judges the matches of a search against every record that was visible.
  ///
  /// Records whose value was open may be among the matches with the distance of any of their
  /// values, and need not be; that lets some wrong answers pass, and no right one fails.
  func judgeSearch(_ flight: InFlight, _ query: SearchQuery, _ answer: Answer) -> [Finding] {
    guard case .matches(let matches) = answer, isMeasured, isOpen else { return [] }
    let check = SearchCheck(
      query: query, records: visibleRecords(flight, query.namespace),
      isApproximate: features.contains(.approximateSearch))
    guard let complaint = check.complaint(about: matches) else { return [] }
    let key = complaint.id.map { RecordKey(namespace: query.namespace, id: $0) }
    return [
      Finding(
        .searchDisagrees, keys: key.map { [$0] } ?? [], requests: [flight.number],
        explanation: "\(query.metric.rawValue) search for \(query.count): \(complaint.text)")
    ]
  }

  private func visibleRecords(
    _ flight: InFlight, _ namespace: [UInt8]
  ) -> [SearchCheck.Record] {
    var records: [SearchCheck.Record] = []
    let candidates = allCandidates(at: flight.issuedAt)
    for key in table.records(in: namespace) {
      var values: [[Float]] = []
      var mayBeAbsent = false
      let pinned = pins.first { $0.key == key }
      for version in candidates[key] {
        if let pinned, pinned.digest != digest(of: version) { continue }
        if version >= 0, let value = versions[version].value {
          values.append(value.vector)
        } else {
          mayBeAbsent = true
        }
      }
      if values.isEmpty { continue }
      records.append(
        SearchCheck.Record(id: table.keys[key].id, vectors: values, mayBeAbsent: mayBeAbsent))
    }
    return records
  }
}
