import Determinism
public import SubjectProtocol

extension OracleModel {
  /// The answer to request `number` was read; returns the promises it breaks.
  public mutating func answered(_ answer: Answer, to number: UInt64) -> [Finding] {
    clock += 1
    guard let index = inFlight.lastIndex(where: { $0.number == number }) else { return [] }
    let flight = inFlight.remove(at: index)
    if flight.number == closing {
      closing = nil
      isClosed = answer.isOK
    }
    switch flight.payload {
    case .effect:
      finish(flight, answer)
      return []
    case .commit(let transaction):
      if case .failed(let kind, _) = answer, kind.isDefinite {
        // It did not happen, but may still be open: a later commit of it may yet.
        var transaction = transaction
        transaction.isIrregular = true
        transactions.append(transaction)
      }
      if transaction.steps.isEmpty { logFloors.lastIsNumbered = false }
      finish(flight, answer)
      return []
    case .step(let transaction):
      finishStep(flight, transaction, answer)
      return []
    case .barrier:
      guard answer.isOK else { return [] }
      // What a crash may have taken is no more there for having been acknowledged before it.
      if !openCrashes.isEmpty { settleUnseen() }
      // It covers what was answered before it was issued, not what was answered meanwhile.
      barrierIssuedAt = max(barrierIssuedAt, flight.issuedAt)
      return []
    case .begin(let transaction):
      if !answer.isOK { transactions.removeAll { $0.number == transaction } }
      return []
    case .other:
      return []
    case .open: return finishOpen(answer)
    case .get(let key, let transaction): return judgeGet(flight, key, transaction, answer)
    case .search(let query): return judgeSearch(flight, query, answer)
    case .dump: return judgeLiveDump(flight, answer)
    case .stats: return judgeLiveStats(answer)
    }
  }

  private mutating func finish(_ flight: InFlight, _ answer: Answer) {
    guard
      let index = entries.lastIndex(where: {
        $0.request == flight.number && $0.issuedAt == flight.issuedAt
      })
    else {
      if !answer.isOK { logFloors.isClean = false }
      logFloors.lastIsNumbered = false
      return
    }
    entries[index].endedAt = clock
    if case .failed(let kind, _) = answer {
      logFloors.isClean = false
      if kind.isDefinite {
        let isCommit = entries[index].kind == .transaction
        refuse(index, as: !isCommit ? .refused : contract.transactions ? .uncommitted : .possible)
      } else if entries[index].status == .unanswered {
        entries[index].status = .failed
      }
      return
    }
    acknowledge(index)
  }

  private mutating func acknowledge(_ index: Int) {
    // What was never whole stays unknown; the answer adds nothing to it.
    guard entries[index].status == .unanswered else {
      logFloors.isClean = false
      return
    }
    var entry = entries[index]
    entry.status = .acknowledged
    entry.answeredAt = clock
    entry.followsFailedBarrier = hasFailedBarrier
    for crash in Contract.Crash.allCases
    where contract.acknowledgement(after: crash) == .durable {
      entry.durableAtAnswer.insert(CrashSet(crash))
    }
    if entry.isCounted { acknowledged[epoch] += 1 }
    entry.ordinal = acknowledged[epoch]
    entries[index] = entry
    for op in entry.ops { fates[op.version].followsFailedBarrier = hasFailedBarrier }
    let isNumbered =
      entry.changes
      && entry.ops.contains {
        $0.digest != .zero && !isExistence($0)
      }
    // Of those that overlap any may be the last.
    logFloors.lastIsNumbered =
      isNumbered && (logFloors.lastIsNumbered || !entry.isOverlapped)
  }

  private func isExistence(_ op: Op) -> Bool { table.isNamespace(op.key) }

  /// It certainly did not happen: if it shows, it is a phantom.
  private mutating func refuse(_ index: Int, as origin: Fate.Origin) {
    for op in entries[index].ops { fates[op.version].origin = origin }
    entries.remove(at: index)
  }

  private mutating func finishStep(
    _ flight: InFlight, _ transaction: UInt64, _ answer: Answer
  ) {
    let isOK = answer.isOK
    var isDefinite = false
    if case .failed(let kind, _) = answer { isDefinite = kind.isDefinite }
    if isDefinite, !contract.transactions,
      let index = entries.lastIndex(where: { $0.request == flight.number })
    {
      refuse(index, as: .refused)
    }
    guard let place = transactions.firstIndex(where: { $0.number == transaction }),
      let step = transactions[place].steps.firstIndex(where: { $0.request == flight.number })
    else { return }
    if isOK {
      transactions[place].steps[step].isAnswered = true
      return
    }
    transactions[place].isIrregular = true
    logFloors.isClean = false
    if isDefinite {
      fates[transactions[place].steps[step].op.version].origin = .refused
      transactions[place].steps.remove(at: step)
    }
  }

  /// From now on another contract is in force. What was acknowledged keeps the promise that it was
  /// given under, and gets no better one.
  private mutating func adopt(_ promise: Contract) {
    guard promise != contract else { return }
    for index in entries.indices where entries[index].status == .acknowledged {
      for crash in Contract.Crash.allCases where isDurable(entries[index], after: crash) {
        entries[index].durableAtAnswer.insert(CrashSet(crash))
      }
    }
    contract = promise
    contractEpoch = epoch
  }

  private mutating func finishOpen(_ answer: Answer) -> [Finding] {
    switch answer {
    case .failed(let kind, let message):
      if kind == .unsupported || !mustRecover { return [] }
      return [refusal(of: .open, "\(kind.rawValue): \(message)")]
    case .opened(let promise): adopt(promise)
    case .ok, .hello, .record, .matches, .dump, .stats: break
    }
    wasEverOpened = true
    isOpen = true
    isClosed = false
    openOrdinal += 1
    isUntouchedSinceOpen = true
    return []
  }
}
