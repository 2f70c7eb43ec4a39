import SubjectProtocol

/// Whether the matches of a search are right (protocol.md, "Fine print").
struct SearchCheck {
  struct Record {
    var id: [UInt8]
    /// The vectors it may have; more than one where its value was open.
    var vectors: [[Float]]
    var mayBeAbsent: Bool
  }

  struct Complaint {
    var id: [UInt8]?
    var text: String
  }

  private struct Candidate {
    /// The distances it may have; empty where it is not compared.
    var distances: [Double]
    /// Whether it certainly is there, with the one distance.
    var isCertain: Bool
  }

  private let query: SearchQuery
  private let isApproximate: Bool
  private var candidates: [[UInt8]: Candidate] = [:]
  private let records: [Record]

  init(query: SearchQuery, records: [Record], isApproximate: Bool) {
    self.query = query
    self.isApproximate = isApproximate
    self.records = records
    for record in records {
      let distances = record.vectors.map { Self.distance(query, $0) }
      let known = distances.compactMap { $0 }
      candidates[record.id] = Candidate(
        distances: known.count == distances.count ? known : [],
        isCertain: known.count == 1 && distances.count == 1 && !record.mayBeAbsent)
    }
  }

  static func tolerance(_ distance: Double) -> Double { 1e-4 * (1 + abs(distance)) }

  /// The exact distance; nil where the record is not compared: it is not finite, zero, or so far
  /// out that Float32 arithmetic over- or underflows on the way.
  static func distance(_ query: SearchQuery, _ vector: [Float]) -> Double? {
    guard vector.count == query.vector.count else { return nil }
    var norm = 0.0
    var queryNorm = 0.0
    var product = 0.0
    var squares = 0.0
    for (left, right) in zip(query.vector, vector) {
      let (a, b) = (Double(left), Double(right))
      queryNorm += a * a
      norm += b * b
      product += a * b
      squares += (a - b) * (a - b)
    }
    let sound = 1e-30...1e36
    guard sound.contains(norm), sound.contains(queryNorm), squares <= sound.upperBound else {
      return nil
    }
    switch query.metric {
    case .l2: return squares
    case .cosine: return 1 - product / (root(norm) * root(queryNorm))
    case .dot: return -product
    }
  }

  /// The square root, by Newton's method from above, to the last few bits.
  ///
  /// `squareRoot()` would call the C library's `sqrt` where nothing is optimized, and nothing here
  /// links it.
  static func root(_ square: Double) -> Double {
    guard square > 0 else { return 0 }
    let half = square.exponent / 2
    var root = Double(sign: .plus, exponent: half + 1, significand: 1)
    while true {
      let next = (root + square / root) / 2
      if next >= root { return root }
      root = next
    }
  }

  func complaint(about matches: [Match]) -> Complaint? {
    if matches.count > query.count {
      return Complaint(text: "\(matches.count) matches")
    }
    var seen: Set<[UInt8]> = []
    var compared: [Match] = []
    for match in matches {
      guard let candidate = candidates[match.id] else {
        return Complaint(id: match.id, text: "a match that is no visible record")
      }
      if !seen.insert(match.id).inserted {
        return Complaint(id: match.id, text: "a record matched twice")
      }
      if candidate.distances.isEmpty { continue }
      let isRight = candidate.distances.contains {
        abs($0 - match.distance) <= Self.tolerance($0)
      }
      if !isRight {
        let exact = candidate.distances.map { "\($0)" }.joined(separator: " or ")
        return Complaint(
          id: match.id, text: "distance \(match.distance), but it is \(exact)")
      }
      // Two distances, each off by no more than the tolerance, may pass each other.
      if let last = compared.last, last.distance > match.distance + 2 * slack(last, match) {
        return Complaint(id: match.id, text: "nearer than the match before it")
      }
      compared.append(match)
    }
    return isApproximate ? nil : omission(seen, matches.count, compared)
  }

  private func slack(_ left: Match, _ right: Match) -> Double {
    max(Self.tolerance(left.distance), Self.tolerance(right.distance))
  }

  /// A record that had to be among the matches and is not.
  private func omission(_ seen: Set<[UInt8]>, _ count: Int, _ compared: [Match]) -> Complaint? {
    for record in records where !seen.contains(record.id) {
      guard let candidate = candidates[record.id], candidate.isCertain else { continue }
      let distance = candidate.distances[0]
      if count < query.count {
        return Complaint(
          id: record.id, text: "\(count) matches, without this record at \(distance)")
      }
      guard let last = compared.last else { continue }
      let slack = Self.tolerance(distance) + Self.tolerance(last.distance)
      if distance + slack < last.distance {
        return Complaint(
          id: record.id,
          text: "left out at \(distance), although the last match is at \(last.distance)")
      }
    }
    return nil
  }
}
