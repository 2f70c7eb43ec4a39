import Determinism
import SubjectProtocol

/// Names what is wrong with a state, compared with the nearest permitted one.
///
/// Method: each differing record is sorted by what was ever submitted for it. A value that nobody
/// submitted, or that certainly did not happen, speaks for itself. The others are known values at
/// the wrong time: then an effect of the permitted state is *missing* here, or an effect that it
/// has not is *extra*. Groups that are partly there, required effects, and holes are told from
/// those two lists.
struct Classifier {
  let model: OracleModel
  let question: Question
  let fit: Question.Fit
  let reading: Reading
  let dump: Dump?
  /// By key: the unit that decides it in the permitted state, −1 for the base.
  let sources: [Int]

  /// What one key says about one unit; −1 is the base.
  struct Trace {
    var unit: Int
    var key: Int
  }

  var notes: [ViolationName: Note] = [:]
  var missing: [Trace] = []
  var extra: [Trace] = []
  /// Absent keys that a removal which did not happen would explain.
  var ghosts: [(trace: Trace, origin: Fate.Origin)] = []
  /// Absent keys that a removal explains which its own group replaced; the version of the removal.
  var innerGhosts: [(trace: Trace, inner: Int)] = []
  var resurrected: [Trace] = []
  var differing: [Int] = []

  /// What is known under one name.
  struct Note {
    var keys: Set<RecordKey> = []
    var requests: Set<UInt64> = []
  }

  init(
    model: OracleModel, question: Question, fit: Question.Fit, reading: Reading, dump: Dump?
  ) {
    self.model = model
    self.question = question
    self.fit = fit
    self.reading = reading
    self.dump = dump
    var sources = [Int](repeating: -1, count: question.base.count)
    var digests = question.baseDigests
    for index in question.units.indices where fit.included[index] {
      // An effect that need not be there and changes nothing decides nothing: what it repeats is
      // owed to the effect before it.
      let isRequired = question.units[index].role == .required
      for op in question.units[index].ops where isRequired || digests[op.key] != op.digest {
        sources[op.key] = index
        digests[op.key] = op.digest
      }
    }
    self.sources = sources
  }

  mutating func judgement() -> Judgement {
    for key in question.base.indices where reading.shown.cared[key] {
      if reading.shown.digests[key] != digest(expected(key)) {
        differing.append(key)
        classify(key)
      }
    }
    classifyForeign()
    nameGhosts()
    nameEffects()
    var judgement = Judgement()
    let differences = differences()
    for name in ViolationName.allCases {
      guard let note = notes[name] else { continue }
      judgement.findings.append(finding(name, note, differences))
    }
    judgement.nearest = NearestState(
      state: expectedState(), differences: differences, summary: summary())
    var requests: Set<UInt64> = []
    for trace in missing + resurrected { requests.formUnion(self.requests(trace)) }
    judgement.missingEffects = requests.sorted()
    return judgement
  }

  mutating func note(_ name: ViolationName, _ key: RecordKey?, _ requests: [UInt64]) {
    if let key { notes[name, default: Note()].keys.insert(key) }
    notes[name, default: Note()].requests.formUnion(requests)
  }

  // MARK: Looking things up

  /// The version the permitted state has for `key`, −1 for none.
  func expected(_ key: Int) -> Int {
    guard sources[key] >= 0 else { return question.base[key] }
    return question.units[sources[key]].ops.last { $0.key == key }?.version ?? -1
  }

  func digest(_ version: Int) -> Digest { version < 0 ? .zero : model.versions[version].digest }

  func entry(_ unit: Int) -> Entry { model.entries[question.units[unit].entry] }

  func request(of trace: Trace) -> UInt64 {
    if trace.unit >= 0 { return entry(trace.unit).request }
    let version = question.base[trace.key]
    return version < 0 ? 0 : model.versions[version].request
  }

  /// What was found for `key`; nil for nothing.
  func found(_ key: Int) -> RecordValue? {
    if reading.rows[key] >= 0, let dump { return dump.value(reading.rows[key]) }
    let digest = reading.shown.digests[key]
    if digest == .zero { return nil }
    return model.versions.last { $0.key == key && $0.digest == digest }?.value
  }
}

// MARK: - What is printed

extension Classifier {
  private func differences() -> [NearestState.Difference] {
    var differences = differing.map { key in
      NearestState.Difference(
        key: model.table.keys[key],
        expected: expected(key) < 0 ? nil : model.versions[expected(key)].value,
        found: found(key))
    }
    if let dump {
      for row in reading.foreign + reading.duplicates {
        differences.append(
          NearestState.Difference(key: dump.key(row), expected: nil, found: dump.value(row)))
      }
    }
    return differences.sorted { $0.key < $1.key }
  }

  private func expectedState() -> Dump {
    var state = Dump()
    let present = question.base.indices.filter {
      expected($0) >= 0 && !model.table.isNamespace($0)
    }
    for key in present.sorted(by: { model.table.keys[$0] < model.table.keys[$1] }) {
      if let value = model.versions[expected(key)].value {
        state.append(model.table.keys[key], value)
      }
    }
    return state
  }

  private func summary() -> String {
    let included = question.units.indices.filter { fit.included[$0] }
    let left = question.units.indices.filter { !fit.included[$0] }
    func numbers(_ units: [Int]) -> String {
      units.isEmpty ? "none" : Wording.requests(Set(units.map { entry($0).request }).sorted())
    }
    return "effects after the last settled state: has \(numbers(included)), "
      + "lacks \(numbers(left)); \(differing.count) records differ"
  }

  private func finding(
    _ name: ViolationName, _ note: Note, _ differences: [NearestState.Difference]
  ) -> Finding {
    let keys = note.keys.sorted()
    let requests = note.requests.sorted()
    var text = Self.meaning(name)
    if !requests.isEmpty { text += " (\(Wording.requests(requests)))" }
    for difference in differences.filter({ note.keys.contains($0.key) }).prefix(3) {
      text += "; " + Wording.difference(difference)
    }
    return Finding(name, keys: keys, requests: requests, explanation: text)
  }

  static func meaning(_ name: ViolationName) -> String {
    switch name {
    case .wrongVector: "a vector that nobody submitted under this id"
    case .wrongMetadata: "metadata that nobody submitted with this vector"
    case .phantomRecord: "what nobody put, what did not happen, or what was already gone"
    case .uncommittedTransactionVisible: "the effect of a transaction that never committed shows"
    case .transactionNotAtomic: "a transaction is partly there"
    case .batchNotAtomic: "an atomic batch, clear or drop is partly there"
    case .deletedRecordResurrected: "an acknowledged delete's record is back"
    case .acknowledgedAfterFailedBarrier:
      "an effect acknowledged after a barrier had failed is missing"
    case .acknowledgedWriteLost: "an acknowledged effect that must be there is missing"
    case .holeInHistory: "an acknowledged effect is missing, but a later one is there"
    case .failedOperationResurfaced: "a failed operation, promised to be absent, shows"
    case .recoveryCrashed, .recoveryHung, .recoveryExhaustedMemory, .recoveryRefused,
      .silentCorruption, .logNumberReused, .searchDisagrees, .unstableRecovery, .unstableRead,
      .subjectCrashed, .subjectHung:
      name.rawValue
    }
  }
}
