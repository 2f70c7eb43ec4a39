public import Determinism
public import SubjectProtocol

extension OracleModel {
  /// Judges what recovery showed after a crash here.
  ///
  /// The judgement has no finding if some permitted state is the one shown.
  public func judge(_ dump: Dump, after crash: Contract.Crash) -> Judgement {
    crashed(crash).judgeRecovered(dump)
  }

  /// Judges the figures that `stats` gave after recovery from a crash here.
  public func judge(recoveredStats stats: Stats, after crash: Contract.Crash) -> [Finding] {
    var model = crashed(crash)
    model.openOrdinal += 1
    return model.judgeLog(stats)
  }

  /// The digests of all permitted states after a crash here, sorted; nil if there are more than
  /// 256, if they are not enumerated exactly, or if nothing is promised. Where requests overlapped,
  /// those alone that the order of issue gives.
  ///
  /// A dump whose digest is among them, and whose `namespaces` are nil, is permitted; any other
  /// needs `judge(_:after:)`.
  public func permittedDigests(after crash: Contract.Crash) -> [Digest]? {
    let model = crashed(crash)
    if !model.isMeasured { return nil }
    var all: [Digest] = []
    for question in model.openQuestions() {
      guard
        let digests = question.digests(
          limit: Self.digestLimit, isNamespace: { model.table.isNamespace($0) })
      else { return nil }
      all += digests
    }
    all.sort()
    var distinct: [Digest] = []
    for digest in all where digest != distinct.last { distinct.append(digest) }
    return distinct.count > Self.digestLimit ? nil : distinct
  }

  private static let digestLimit = 256

  /// Whether a crash here, before the next `open` was answered, is judged at all.
  ///
  /// It is not after a crash that the contract promises nothing for, nor before the first `open`
  /// was answered where the contract leaves creation unspecified.
  public func isMeasured(after crash: Contract.Crash) -> Bool { crashed(crash).isMeasured }

  var isMeasured: Bool { !isUnmeasured && !isCreationUnseen }

  /// Judges a failed `open` or `dump` of the recovery after a crash here; empty where it breaks
  /// no promise.
  ///
  /// `hadFault`: an injected fault fired, or an injected limit was met, while it ran. The
  /// permitted set stays as it is.
  public func judgeRefusal(
    of operation: OperationName, failure: FailureKind, message: String, after crash: Contract.Crash,
    hadFault: Bool
  ) -> [Finding] {
    if hadFault || failure == .unsupported || !isMeasured(after: crash) { return [] }
    return [refusal(of: operation, "\(failure.rawValue): \(message)")]
  }

  /// Whether an `open` or a recovery's `dump` breaks a promise by failing now.
  var mustRecover: Bool {
    isMeasured && !hasFaultSinceOpen && (wasEverOpened || !openCrashes.isEmpty)
  }

  func refusal(of operation: OperationName, _ text: String) -> Finding {
    Finding(
      .recoveryRefused,
      explanation: "\(operation.rawValue) failed although no fault met it: \(text)")
  }

  /// Judges a dump against what the open crashes permit.
  func judgeRecovered(_ dump: Dump) -> Judgement {
    var judgement = Judgement()
    if !isMeasured {
      judgement.isNotMeasured = true
      return judgement
    }
    let reading = Reading(dump, table)
    let questions = openQuestions()
    if !reading.isMalformed {
      for question in questions {
        let answer = question.explanation(of: reading.shown)
        if let fit = answer.fit {
          judgement.warnings = resurfaced(question, fit, reading)
          return judgement
        }
        if !answer.isComplete { judgement.isUndecided = true }
      }
      if judgement.isUndecided { return judgement }
    }
    return explain(questions, reading, dump)
  }

  /// Names what is wrong, against the nearest of all permitted states.
  func explain(_ questions: [Question], _ reading: Reading, _ dump: Dump?) -> Judgement {
    var best: (question: Question, fit: Question.Fit)?
    for question in questions {
      let bound = best?.fit.cost ?? .max
      if let fit = question.nearest(to: reading.shown, below: bound).fit {
        best = (question, fit)
      }
    }
    guard let best else { return Judgement() }
    let (question, fit) = best.question.inOrder(of: best.fit)
    var classifier = Classifier(
      model: self, question: question, fit: fit, reading: reading, dump: dump)
    return classifier.judgement()
  }

  /// Failed operations without which the shown state is not permitted.
  private func resurfaced(
    _ question: Question, _ fit: Question.Fit, _ reading: Reading
  ) -> [Finding] {
    var requests: [UInt64] = []
    var keys: [Int] = []
    for index in question.units.indices where fit.included[index] {
      let entry = entries[question.units[index].entry]
      guard entry.status == .failed else { continue }
      var without = question
      without.units[index].role = .absent
      if without.permits(reading.shown) { continue }
      requests.append(entry.request)
      keys += question.units[index].ops.map(\.key)
    }
    if requests.isEmpty { return [] }
    return [
      Finding(
        .failedOperationResurfaced, keys: Set(keys).map { table.keys[$0] }.sorted(),
        requests: Set(requests).sorted(),
        explanation: "the effect of an operation that was answered as failed shows after a crash")
    ]
  }
}
