import Determinism
public import SubjectProtocol

/// Compares what two recoveries of one image showed.
public enum RecoveryComparison {
  /// What differs, as `unstable-recovery`; nil when the two show the same.
  ///
  /// The order of records does not matter.
  public static func difference(_ first: Dump, _ second: Dump) -> Finding? {
    let differing = changed(first, second)
    let listed = first.namespaces.map(Set.init) == second.namespaces.map(Set.init)
    if differing.isEmpty && listed { return nil }
    var text = "a second open of the same image shows something else"
    for difference in differing.prefix(3) {
      text += "; \(Wording.key(difference.key)): first \(Wording.value(difference.expected)), "
      text += "then \(Wording.value(difference.found))"
    }
    if !listed { text += "; the listed namespaces differ" }
    return Finding(
      .unstableRecovery, keys: differing.map(\.key), requests: [], explanation: text)
  }

  private static func changed(_ first: Dump, _ second: Dump) -> [NearestState.Difference] {
    if first.digest == second.digest && first.count == second.count { return [] }
    let before = sorted(first)
    let after = sorted(second)
    var differences: [NearestState.Difference] = []
    var left = 0
    var right = 0
    while left < before.count || right < after.count {
      let old = left < before.count ? before[left] : nil
      let new = right < after.count ? after[right] : nil
      let key = [old?.key, new?.key].compactMap { $0 }.min()
      guard let key else { break }
      let expected = old?.key == key ? old?.value : nil
      let found = new?.key == key ? new?.value : nil
      if expected != found {
        differences.append(
          NearestState.Difference(key: key, expected: expected, found: found))
      }
      if old?.key == key { left += 1 }
      if new?.key == key { right += 1 }
    }
    return differences
  }

  private static func sorted(_ dump: Dump) -> [(key: RecordKey, value: RecordValue)] {
    (0..<dump.count).map { (dump.key($0), dump.value($0)) }.sorted { $0.key < $1.key }
  }
}
