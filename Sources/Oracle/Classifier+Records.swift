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
    if let inner = superseded(key, versions), isFullyNamed(inner, key) { return }
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

  /// Names the group that version `inner` is part of; whether that says all there is to say. Where
  /// the group itself must be there, its last value is lost as well.
  private mutating func isFullyNamed(_ inner: Int, _ key: Int) -> Bool {
    let version = model.versions[inner]
    note(
      version.transaction == nil ? .batchNotAtomic : .transactionNotAtomic,
      model.table.keys[key], [version.request])
    let unit = sources[key]
    guard unit >= 0, question.units[unit].role == .required else { return true }
    return !question.units[unit].ops.contains { isSameGroup($0.version, inner, key) }
  }

  /// The version that is found, when it is one that its own atomic group replaces, of a group whose
  /// outcome is open: no permitted state shows it, so the group is there in part.
  private func superseded(_ key: Int, _ versions: [Int]) -> Int? {
    versions.last { index in
      question.units.contains { unit in
        unit.ops.contains { $0.version > index && isSameGroup($0.version, index, key) }
      }
    }
  }

  /// Whether `key` had no record before the open group that version `inner` is part of.
  private func wasAbsent(before inner: Int, _ key: Int) -> Bool {
    let unit = question.units.indices.first { unit in
      question.units[unit].ops.contains { isSameGroup($0.version, inner, key) }
    }
    return unit.map { before($0, key) == .zero } ?? false
  }

  /// Whether two versions of `key` come from one atomic group.
  private func isSameGroup(_ left: Int, _ right: Int, _ key: Int) -> Bool {
    let (one, other) = (model.versions[left], model.versions[right])
    guard one.key == key, other.key == key else { return false }
    if let transaction = one.transaction { return other.transaction == transaction }
    return model.contract.batchesAreAtomic && one.request == other.request
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
    // Absence shows a part of a group only where the group found a record.
    let possible = model.versions.indices.filter {
      model.versions[$0].key == key && model.versions[$0].value == nil
        && model.fates[$0].origin == .possible && !wasAbsent(before: $0, key)
    }
    if let inner = superseded(key, possible) {
      innerGhosts.append((trace, inner))
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

  /// A missing record that a removal explains which did not happen, or which its own group
  /// replaced.
  ///
  /// Absence is weak evidence: if all else is well the removal did happen; if records are missing
  /// without such an excuse, this one is lost as they are.
  mutating func nameGhosts() {
    let isAllExplained = missing.isEmpty && resurrected.isEmpty && extra.isEmpty
    for (trace, inner) in innerGhosts {
      if isAllExplained, isFullyNamed(inner, trace.key) { continue }
      missing.append(trace)
    }
    for (trace, origin) in ghosts {
      missing.append(trace)
      guard isAllExplained else { continue }
      let key = model.table.keys[trace.key]
      let removals = model.versions.indices.filter {
        model.versions[$0].key == trace.key && model.versions[$0].value == nil
          && model.fates[$0].origin == origin && showsWholeTransaction(of: $0)
      }
      if removals.isEmpty { continue }
      let requests = removals.map { model.versions[$0].request }
      switch origin {
      case .uncommitted: note(.uncommittedTransactionVisible, key, requests)
      case .failed: note(.failedOperationResurfaced, key, requests)
      case .refused, .lost, .possible: note(.phantomRecord, key, requests)
      }
    }
  }

  /// Whether everything that the transaction of a version did last shows; true for one without.
  private func showsWholeTransaction(of version: Int) -> Bool {
    guard let transaction = model.versions[version].transaction else { return true }
    var last: [Int: Int] = [:]
    for index in model.versions.indices where model.versions[index].transaction == transaction {
      last[model.versions[index].key] = index
    }
    return last.allSatisfy { key, index in
      !reading.shown.cared[key] || reading.shown.digests[key] == model.versions[index].digest
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
