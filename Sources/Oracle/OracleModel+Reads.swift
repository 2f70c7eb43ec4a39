import Determinism
import SubjectProtocol

extension OracleModel {
  /// The questions a read issued at `time` may be the answer to.
  func readQuestions(at time: Int) -> [Question] {
    openCrashes.isEmpty ? [liveQuestion(at: time)] : openQuestions()
  }

  /// The versions that a read of `key` issued at `time` may show, −1 for none.
  ///
  /// `since`: what a snapshot taken from then on may show counts too.
  func candidates(for key: Int, at time: Int, since: Int? = nil) -> [Int] {
    guard openCrashes.isEmpty else {
      return allCandidates(at: time)[key]
    }
    var candidates: [Int] = []
    var required: [Int] = []
    for index in entries.indices[nearStart...].reversed() {
      let entry = entries[index]
      guard entry.ops.contains(where: { $0.key == key }) else { continue }
      let isRecent = since.map { entry.answeredAt > $0 } ?? false
      let isRequired = liveRole(of: entry, at: time) == .required && !isRecent
      if !required.contains(where: { comes(index, before: $0) }) {
        for op in entry.ops.reversed() where op.key == key {
          candidates.append(op.version)
          if isRequired { break }
        }
      }
      if isRequired && !entry.isOverlapped { return candidates }
      if isRequired { required.append(index) }
    }
    if required.isEmpty { candidates.append(key < nearBase.count ? nearBase[key] : -1) }
    return candidates
  }

  /// By key: the versions that a read issued at `time` may show, −1 for none.
  func allCandidates(at time: Int) -> [[Int]] {
    var candidates = [[Int]](repeating: [], count: table.count)
    for question in readQuestions(at: time) {
      // By key: whether something required is known, and when the last such was issued.
      var isKnown = [Bool](repeating: false, count: table.count)
      var latest = [Int](repeating: -1, count: table.count)
      for unit in question.units.reversed() where unit.role != .absent {
        for op in unit.ops where unit.end >= latest[op.key] {
          candidates[op.key].append(op.version)
          guard unit.role == .required else { continue }
          isKnown[op.key] = true
          latest[op.key] = max(latest[op.key], unit.start)
        }
      }
      for key in isKnown.indices where !isKnown[key] {
        candidates[key].append(question.base[key])
      }
    }
    return candidates
  }

  func digest(of version: Int) -> Digest { version < 0 ? .zero : versions[version].digest }

  mutating func judgeGet(
    _ flight: InFlight, _ key: Int, _ transaction: UInt64?, _ answer: Answer
  ) -> [Finding] {
    guard case .record(let value) = answer, isMeasured, isOpen else { return [] }
    let shown = value.map { recordDigest(table.keys[key], $0) } ?? .zero
    if let transaction {
      return judgeTransactionGet(flight, key, transaction, value, shown)
    }
    let pinned = pins.first { $0.key == key }
    var reading = Reading(nothingOf: table)
    for pin in pins { reading.show(pin.key, pin.digest) }
    reading.show(key, shown)
    let questions = readQuestions(at: flight.issuedAt)
    if let pinned, pinned.digest != shown {
      let isOther = candidates(for: key, at: flight.issuedAt).contains { digest(of: $0) == shown }
      if isOther { return [changeOfMind([key])] }
    } else if questions.contains(where: { $0.permits(reading.shown) }) {
      if pinned == nil, !flight.isOverlapped, isOpenKey(key, questions) { pin(key, shown) }
      learn(key, shown, issuedAt: flight.issuedAt)
      return []
    } else if isChangeOfMind(reading.shown, at: flight.issuedAt) {
      return [changeOfMind([key])]
    }
    var dump = Dump()
    if let value {
      reading.rows[key] = 0
      dump.append(table.keys[key], value)
    }
    return explain(questions, reading, dump).findings
  }

  /// Whether permitted states differ in `key`.
  private func isOpenKey(_ key: Int, _ questions: [Question]) -> Bool {
    questions.count > 1
      || questions.contains { question in
        question.units.contains { unit in
          unit.role != .required && unit.ops.contains { $0.key == key }
        }
      }
  }

  private mutating func pin(_ key: Int, _ digest: Digest) {
    let place = pins.firstIndex { $0.key > key } ?? pins.count
    pins.insert(Pin(key: key, digest: digest), at: place)
  }

  /// Whether what is shown is wrong only because of what an earlier read has shown.
  private func isChangeOfMind(_ shown: Question.Shown, at time: Int) -> Bool {
    hasOverlap && openCrashes.isEmpty
      && liveQuestion(at: time, ignoringReads: true).permits(shown)
  }

  private func changeOfMind(_ keys: [Int]) -> Finding {
    let keys = keys.map { table.keys[$0] }.sorted()
    return Finding(
      .unstableRead, keys: keys,
      explanation: "\(Wording.list(keys)): one process has shown both outcomes of an operation "
        + "whose outcome was open, or both orders of operations that overlapped, with no mutation "
        + "between the two reads")
  }

  /// A transaction sees its own writes, over what was visible at any time since it began.
  private func judgeTransactionGet(
    _ flight: InFlight, _ key: Int, _ number: UInt64, _ value: RecordValue?, _ shown: Digest
  ) -> [Finding] {
    guard contract.transactions,
      let transaction = transactions.first(where: { $0.number == number })
    else { return [] }
    var expected: [Int] = []
    var isOwn = false
    for step in transaction.steps.reversed() where step.op.key == key {
      expected.append(step.op.version)
      if step.isAnswered {
        isOwn = true
        break
      }
    }
    if !isOwn {
      expected += candidates(for: key, at: flight.issuedAt, since: transaction.begunAt)
    }
    if transaction.isIrregular || expected.contains(where: { digest(of: $0) == shown }) {
      return []
    }
    return Classifier.findings(
      model: self, key: key, value: value, expected: expected[0], reader: number)
  }

  mutating func judgeLiveDump(_ flight: InFlight, _ answer: Answer) -> [Finding] {
    if case .failed(let kind, let message) = answer {
      let isRefusal =
        isOpen && mustRecover && isUntouchedSinceOpen && kind != .unsupported
        && transactions.isEmpty
      return isRefusal ? [refusal(of: .dump, "\(kind.rawValue): \(message)")] : []
    }
    guard case .dump(let dump) = answer, isOpen else { return [] }
    if !isMeasured {
      if !openCrashes.isEmpty { adopt(dump, flight.number) }
      return []
    }
    return openCrashes.isEmpty ? judgeVisible(flight, dump) : takeOutcome(flight, dump)
  }

  /// The first dump after a crash shows what the crash left.
  private mutating func takeOutcome(_ flight: InFlight, _ dump: Dump) -> [Finding] {
    var findings = judgeRecovered(dump).findings
    let reading = Reading(dump, table)
    let changed = pins.filter { $0.digest != reading.shown.digests[$0.key] }
    if findings.isEmpty, !changed.isEmpty { findings.append(changeOfMind(changed.map(\.key))) }
    pins = []
    if findings.isEmpty {
      settle(reading, isPermitted: true)
    } else {
      adopt(dump, flight.number)
    }
    return findings
  }

  /// Goes on from a state that the history does not explain.
  private mutating func adopt(_ dump: Dump, _ request: UInt64) {
    for row in 0..<dump.count where !dump.key(row).id.isEmpty {
      let key = table.number(dump.key(row))
      let value = dump.value(row)
      versions.append(
        Version(
          key: key, value: value, digest: recordDigest(dump.key(row), value), request: request,
          transaction: nil))
      fates.append(Fate(origin: .possible))
    }
    settle(Reading(dump, table), isPermitted: false)
  }

  private mutating func judgeVisible(_ flight: InFlight, _ dump: Dump) -> [Finding] {
    let reading = Reading(dump, table)
    let question = liveQuestion(at: flight.issuedAt)
    let changed = pins.filter { $0.digest != reading.shown.digests[$0.key] }
    if !reading.isMalformed, question.permits(reading.shown) {
      if !flight.isOverlapped {
        for unit in question.units where unit.role != .required {
          for op in unit.ops where !pins.contains(where: { $0.key == op.key }) {
            if reading.shown.cared[op.key] { pin(op.key, reading.shown.digests[op.key]) }
          }
        }
      }
      if hasOverlap {
        for key in reading.shown.digests.indices where reading.shown.cared[key] {
          learn(key, reading.shown.digests[key], issuedAt: flight.issuedAt)
        }
      }
      return changed.isEmpty ? [] : [changeOfMind(changed.map(\.key))]
    }
    if !reading.isMalformed, isChangeOfMind(reading.shown, at: flight.issuedAt) {
      return [changeOfMind([])]
    }
    return explain([question], reading, dump).findings
  }
}
