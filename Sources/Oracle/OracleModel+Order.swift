import Determinism
import SubjectProtocol

/// What reads tell about the order of effects whose requests overlapped (design.md, section 5: they
/// may take either order, the same one ever after).
///
/// Only what is certain is learnt: a value that one effect alone can have given shows that this
/// effect had happened when the read was answered, and that it came after every other acknowledged
/// one on that key which the read had to see. The first binds later reads of the same process; the
/// second binds recovery too, since both are acknowledged.
extension OracleModel {
  /// Takes note of what a read that was issued at `time`, and is answered now, showed for `key`.
  mutating func learn(_ key: Int, _ digest: Digest, issuedAt time: Int) {
    guard hasOverlap, openCrashes.isEmpty else { return }
    let writers = entries.indices[nearStart...].filter { index in
      entries[index].ops.contains { $0.key == key }
    }
    let seen = writers.filter { index in
      entries[index].ops.contains { $0.key == key && $0.digest == digest }
        && !writers.contains { isDone(entries[$0], by: time) && comes(index, before: $0) }
    }
    guard seen.count == 1, let index = seen.first else { return }
    let ops = entries[index].ops.count { $0.key == key }
    guard entries[index].isAtomic || ops == 1 else { return }
    let base = key < nearBase.count ? nearBase[key] : -1
    let isDecided = writers.contains { isDone(entries[$0], by: time) }
    if !isDecided && self.digest(of: base) == digest { return }
    // A group may show piece by piece while it is not answered.
    if entries[index].ops.count == 1 {
      entries[index].seenAt = min(entries[index].seenAt, clock)
    }
    for other in writers where other != index && isDone(entries[other], by: time) {
      guard entries[other].issuedAt <= end(of: entries[index]),
        entries[index].issuedAt <= entries[other].endedAt,
        !entries[index].follows.contains(entries[other].request)
      else { continue }
      entries[index].follows.append(entries[other].request)
    }
  }

  private func isDone(_ entry: Entry, by time: Int) -> Bool {
    entry.status == .acknowledged && entry.endedAt < time
  }

  /// Whether the effect at `first` certainly came before the one at `second`.
  func comes(_ first: Int, before second: Int) -> Bool {
    first != second
      && (end(of: entries[first]) < entries[second].issuedAt
        || entries[second].follows.contains(entries[first].request))
  }

  /// What another process has shown of effects that were never acknowledged binds no later one.
  mutating func forgetUnacknowledgedSightings() {
    guard hasOverlap else { return }
    for index in entries.indices[nearStart...] where entries[index].status != .acknowledged {
      if entries[index].seenAt != .max { entries[index].seenAt = .max }
    }
  }

  /// Adds what is known of the order of acknowledged effects.
  func addEdges(_ question: inout Question) {
    for index in question.units.indices {
      let entry = entries[question.units[index].entry]
      guard !entry.follows.isEmpty, entry.status == .acknowledged else { continue }
      question.units[index].follows = question.units.indices.filter { other in
        let earlier = entries[question.units[other].entry]
        return earlier.status == .acknowledged && entry.follows.contains(earlier.request)
      }
    }
  }
}
