import Determinism
import SubjectProtocol

extension Classifier {
  /// What a shown value is, from all that was ever submitted for its key.
  enum Origin: Equatable {
    case neverPut, wrongVector, wrongMetadata
    case uncommitted, refused, failed
    /// Submitted by effects that happened or may have; the versions, oldest first.
    case known([Int])
  }

  /// `apartFrom`: a transaction whose own values do not count as somebody else's uncommitted ones.
  static func origin(
    of value: RecordValue, key: Int, in model: OracleModel, apartFrom: UInt64? = nil
  ) -> Origin {
    let submitted = model.versions.indices.filter {
      model.versions[$0].key == key && model.versions[$0].value != nil
    }
    if submitted.isEmpty { return .neverPut }
    let sameVector = submitted.filter {
      RecordValue.sameBits(model.versions[$0].value?.vector ?? [], value.vector)
    }
    if sameVector.isEmpty { return .wrongVector }
    let same = sameVector.filter { model.versions[$0].value == value }
    if same.isEmpty { return .wrongMetadata }
    let known = same.filter { index in
      let transaction = model.versions[index].transaction
      return model.fates[index].origin == .possible
        || (transaction != nil && transaction == apartFrom)
    }
    if !known.isEmpty { return .known(known) }
    let origins = same.map { model.fates[$0].origin }
    if origins.contains(.uncommitted) { return .uncommitted }
    return origins.contains(.failed) ? .failed : .refused
  }

  static func name(_ origin: Origin) -> ViolationName? {
    switch origin {
    case .neverPut, .refused: .phantomRecord
    case .wrongVector: .wrongVector
    case .wrongMetadata: .wrongMetadata
    case .uncommitted: .uncommittedTransactionVisible
    case .failed: .failedOperationResurfaced
    case .known: nil
    }
  }

  mutating func classify(_ key: Int) {
    let name = model.table.keys[key]
    guard reading.shown.digests[key] != .zero, let value = found(key) else {
      // A key that is shown and has no value is a namespace nobody created.
      if reading.shown.digests[key] != .zero { return note(.phantomRecord, name, []) }
      return classifyAbsent(key)
    }
    let origin = Self.origin(of: value, key: key, in: model)
    guard case .known(let versions) = origin else {
      let digest = reading.shown.digests[key]
      let requests = model.versions.filter { $0.key == key && $0.digest == digest }.map(\.request)
      if let violation = Self.name(origin) { note(violation, name, requests) }
      return
    }
    // A value that a failed operation left, under a contract that says it left none.
    let units = units(of: key)
    let possible = versions.filter { version in
      !units.contains { $0.version == version && question.units[$0.unit].role == .absent }
    }
    if possible.isEmpty {
      return note(.failedOperationResurfaced, name, versions.map { model.versions[$0].request })
    }
    classifyKnown(key, possible)
  }

  /// The units that touch `key`, with the version each gives it.
  private func units(of key: Int) -> [(unit: Int, version: Int)] {
    question.units.indices.flatMap { unit in
      question.units[unit].ops.filter { $0.key == key }.map { (unit, $0.version) }
    }
  }

  /// A known value in the wrong place: an older one is back, or a later one is early.
  private mutating func classifyKnown(_ key: Int, _ versions: [Int]) {
    let source = sources[key]
    let expected = expected(key)
    let isOlder = versions.contains { $0 < expected }
    if source < 0 && expected < 0 {
      // The base has nothing: either a removal before it is undone, or a later unit shows.
      guard let unit = excluded(key, versions) else {
        resurrected.append(Trace(unit: -1, key: key))
        return
      }
      extra.append(Trace(unit: unit, key: key))
      return
    }
    if isOlder || excluded(key, versions) == nil {
      let trace = Trace(unit: source, key: key)
      let isRemoval = expected < 0 || model.versions[expected].value == nil
      let isAcknowledged = source < 0 || entry(source).status == .acknowledged
      if isRemoval && isAcknowledged { resurrected.append(trace) } else { missing.append(trace) }
    } else if let unit = excluded(key, versions) {
      extra.append(Trace(unit: unit, key: key))
    }
  }

  /// The last unit that is not in the permitted state and gives `key` one of these versions.
  private func excluded(_ key: Int, _ versions: [Int]) -> Int? {
    question.units.indices.last { unit in
      !fit.included[unit] && question.units[unit].role != .absent
        && question.units[unit].ops.contains { $0.key == key && versions.contains($0.version) }
    }
  }

  private mutating func classifyAbsent(_ key: Int) {
    let trace = Trace(unit: sources[key], key: key)
    let expected = expected(key)
    let removals = model.versions.indices.filter {
      $0 > expected && model.versions[$0].key == key && model.versions[$0].value == nil
    }
    if let unit = excluded(key, removals) {
      extra.append(Trace(unit: unit, key: key))
      return
    }
    let origins = removals.map { model.fates[$0].origin }.filter { $0 != .possible }
    guard let origin = origins.min(by: { $0.rawValue < $1.rawValue }) else {
      missing.append(trace)
      return
    }
    ghosts.append((trace, origin))
  }

  mutating func classifyForeign() {
    for row in reading.foreign + reading.duplicates {
      note(.phantomRecord, dump?.key(row), [])
    }
    for namespace in reading.foreignNamespaces {
      note(.phantomRecord, RecordKey(namespace: namespace, id: []), [])
    }
  }

  /// A missing record that a removal which did not happen explains: if all else is well it did
  /// happen; if records are missing without such an excuse, this one is lost as they are.
  mutating func nameGhosts() {
    let isAllExplained = missing.isEmpty && resurrected.isEmpty && extra.isEmpty
    for (trace, origin) in ghosts {
      missing.append(trace)
      guard isAllExplained else { continue }
      let key = model.table.keys[trace.key]
      let removals = model.versions.indices.filter {
        model.versions[$0].key == trace.key && model.versions[$0].value == nil
          && model.fates[$0].origin == origin
      }
      let requests = removals.map { model.versions[$0].request }
      switch origin {
      case .uncommitted: note(.uncommittedTransactionVisible, key, requests)
      case .failed: note(.failedOperationResurfaced, key, requests)
      case .refused, .lost, .possible: note(.phantomRecord, key, requests)
      }
    }
  }

  /// What is wrong with one value that a transaction read.
  static func findings(
    model: OracleModel, key: Int, value: RecordValue?, expected: Int, reader: UInt64
  ) -> [Finding] {
    let name = model.table.keys[key]
    var violation = ViolationName.acknowledgedWriteLost
    if let value {
      let origin = origin(of: value, key: key, in: model, apartFrom: reader)
      let isRemoved = expected < 0 || model.versions[expected].value == nil
      violation =
        Self.name(origin) ?? (isRemoved ? .deletedRecordResurrected : .acknowledgedWriteLost)
    }
    let expectedValue = expected < 0 ? nil : model.versions[expected].value
    let difference = NearestState.Difference(key: name, expected: expectedValue, found: value)
    let text = "\(meaning(violation)), read in transaction \(reader); "
    return [
      Finding(violation, keys: [name], explanation: text + Wording.difference(difference))
    ]
  }
}
