import Determinism
import SubjectProtocol

extension Classifier {
  /// Names what the missing and the extra effects come to.
  mutating func nameEffects() {
    let partial = namePartial()
    for trace in resurrected {
      note(.deletedRecordResurrected, model.table.keys[trace.key], requests(trace))
    }
    var isRequiredMissing = false
    var holes: [Trace] = []
    for trace in missing + resurrected {
      let isRequired = trace.unit < 0 || question.units[trace.unit].role == .required
      guard isRequired else {
        if !partial.contains(trace.unit) { holes.append(trace) }
        continue
      }
      isRequiredMissing = true
      let key = model.table.keys[trace.key]
      note(.acknowledgedWriteLost, key, requests(trace))
      if followsFailedBarrier(trace) { note(.acknowledgedAfterFailedBarrier, key, requests(trace)) }
    }
    holes += extra.filter { !partial.contains($0.unit) }
    // Whatever is not permitted gets a name.
    if holes.isEmpty && notes.isEmpty {
      holes = missing + resurrected + extra + differing.map { Trace(unit: sources[$0], key: $0) }
    }
    if !isRequiredMissing {
      for trace in holes {
        note(.holeInHistory, model.table.keys[trace.key], requests(trace) + skipped(trace))
      }
    }
  }

  func requests(_ trace: Trace) -> [UInt64] {
    guard trace.unit < 0, question.base[trace.key] < 0 else { return [request(of: trace)] }
    // The removal that emptied the base.
    let removal = model.versions.indices.last {
      model.versions[$0].key == trace.key && model.versions[$0].value == nil
        && model.fates[$0].origin == .possible
    }
    return removal.map { [model.versions[$0].request] } ?? []
  }

  private func followsFailedBarrier(_ trace: Trace) -> Bool {
    if trace.unit >= 0 { return entry(trace.unit).followsFailedBarrier }
    let version = question.base[trace.key]
    return version >= 0 && model.fates[version].followsFailedBarrier
  }

  /// The acknowledged effects that lie before an extra one and are not there.
  private func skipped(_ trace: Trace) -> [UInt64] {
    guard trace.unit >= 0, !fit.included[trace.unit] else { return [] }
    return question.units.indices.filter { unit in
      unit < trace.unit && !fit.included[unit] && question.units[unit].role == .volatile
    }.map { entry($0).request }
  }

  /// Names the atomic groups of which only a part is there; returns their units.
  private mutating func namePartial() -> Set<Int> {
    var partial: Set<Int> = []
    for index in question.units.indices where question.units[index].ops.count > 1 {
      guard fit.included[index] ? isPartlyMissing(index) : isPartlyExtra(index) else { continue }
      partial.insert(index)
      let entry = entry(index)
      let traces = (missing + resurrected + extra).filter { $0.unit == index }
      for trace in traces {
        switch entry.kind {
        case .transaction:
          note(.transactionNotAtomic, model.table.keys[trace.key], [entry.request])
        case .batch, .clear, .single:
          note(.batchNotAtomic, model.table.keys[trace.key], [entry.request])
        }
      }
    }
    return partial
  }

  /// Some keys of a group that belongs there lack it, while another one could only come from it.
  ///
  /// That a record is absent could come from a loss as well: it counts where nothing else is lost,
  /// and only for a group that need not be there.
  private func isPartlyMissing(_ unit: Int) -> Bool {
    let lost = missing + resurrected
    guard lost.contains(where: { $0.unit == unit }) else { return false }
    let isAlone =
      question.units[unit].role != .required && extra.isEmpty
      && lost.allSatisfy { $0.unit == unit }
    return question.units[unit].ops.contains { op in
      sources[op.key] == unit && reading.shown.cared[op.key]
        && reading.shown.digests[op.key] == op.digest && before(unit, op.key) != op.digest
        && (op.digest != .zero || isAlone)
    }
  }

  /// Some keys show a group that does not belong there, another one does not.
  private func isPartlyExtra(_ unit: Int) -> Bool {
    let isAlone = missing.isEmpty && resurrected.isEmpty
    let shows = extra.contains {
      $0.unit == unit && (isAlone || reading.shown.digests[$0.key] != .zero)
    }
    guard shows else { return false }
    return question.units[unit].ops.contains { op in
      sources[op.key] < unit && reading.shown.cared[op.key]
        && reading.shown.digests[op.key] != op.digest
    }
  }

  /// What the permitted state had for `key` before `unit`.
  func before(_ unit: Int, _ key: Int) -> Digest {
    for earlier in question.units[..<unit].indices.reversed() where fit.included[earlier] {
      if let op = question.units[earlier].ops.last(where: { $0.key == key }) { return op.digest }
    }
    return question.baseDigests[key]
  }
}
