import Determinism
public import SubjectProtocol

extension OracleModel {
  /// A request is about to be written; `number` is its stable number.
  ///
  /// From here on its effect may happen.
  public mutating func issued(_ request: Request, number: UInt64) {
    clock += 1
    switch request {
    case .hello: fly(number, .other)
    case .open:
      // A store that could not close, or that nobody closed, is let go of: what it held in memory
      // alone is gone, as with its process.
      if isOpen && !isClosed { self = crashed(.process) }
      hasFaultSinceOpen = false
      pins = []
      forgetUnacknowledgedSightings()
      fly(number, .open)
    case .get(let key, let transaction):
      fly(number, .get(key: table.number(key), transaction: transaction))
    case .search(let query): fly(number, .search(query))
    case .dump: fly(number, .dump)
    case .stats: fly(number, .stats)
    case .flush, .checkpoint, .close:
      if request.name == .close {
        endTransactions()
        closing = number
      }
      fly(number, contract.barriers.contains(request.name) ? .barrier : .other)
    case .begin(let transaction):
      isUntouchedSinceOpen = false
      transactions.removeAll { $0.number == transaction }
      transactions.append(Transaction(number: transaction, begunAt: clock))
      fly(number, .begin(transaction))
    case .abort(let transaction):
      transactions.removeAll { $0.number == transaction }
      logFloors.isClean = false
      fly(number, .other)
    case .mutate, .batch, .commit, .createNamespace, .dropNamespace, .clear:
      isUntouchedSinceOpen = false
      if !openCrashes.isEmpty { settleUnseen() }
      mutate(request, number)
    }
  }

  /// A close ends what was not committed.
  private mutating func endTransactions() {
    if !transactions.isEmpty { logFloors.isClean = false }
    transactions = []
  }

  private mutating func fly(_ number: UInt64, _ payload: InFlight.Payload) {
    var flight = InFlight(number: number, payload: payload, issuedAt: clock)
    if !inFlight.isEmpty {
      hasOverlap = true
      flight.isOverlapped = true
      for index in inFlight.indices { inFlight[index].isOverlapped = true }
    }
    inFlight.append(flight)
  }

  private mutating func mutate(_ request: Request, _ number: UInt64) {
    let known = table.count
    defer { extendClears(from: known, apartFrom: number) }
    switch request {
    case .mutate(let mutation, nil):
      append(.single, number, isAtomic: true, ops: [op(mutation, number, nil)])
    case .mutate(let mutation, let transaction?): step(mutation, transaction, number)
    case .batch(let mutations):
      let ops = mutations.map { op($0, number, nil) }
      append(.batch, number, isAtomic: contract.batchesAreAtomic, ops: ops)
    case .commit(let transaction): commit(transaction, number)
    case .createNamespace(let namespace):
      let ops = namespace.isEmpty ? [] : [existence(of: namespace, true, number)]
      append(.single, number, isAtomic: true, ops: ops)
    case .dropNamespace(let namespace):
      noteOverlappingPuts(into: namespace)
      var ops = table.records(in: namespace).map { removal(of: $0, number, nil) }
      if !namespace.isEmpty { ops.append(existence(of: namespace, false, number)) }
      append(
        .clear, number, isAtomic: contract.clearIsAtomic, ops: ops,
        clears: Cleared(namespace: namespace))
    case .clear(let namespace):
      let ops = table.records(in: namespace).map { removal(of: $0, number, nil) }
      append(
        .clear, number, isAtomic: contract.clearIsAtomic, ops: ops,
        clears: Cleared(namespace: namespace))
    case .hello, .open, .begin, .abort, .flush, .checkpoint, .get, .search, .dump, .stats, .close:
      preconditionFailure("only mutations come here")
    }
  }

  /// Adds the effect of request `number`, which may happen from now on.
  private mutating func append(
    _ kind: EffectKind, _ number: UInt64, isAtomic: Bool, ops: [Op],
    clears: Cleared? = nil, status: Entry.Status = .unanswered
  ) {
    let others = inFlight.filter(\.isEffect).map(\.number)
    fly(number, .effect)
    let ops = isAtomic ? lastOfEachKey(ops) : ops
    guard !ops.isEmpty || clears != nil else { return }
    let isCounted = contract.syncEvery != nil && isEffect(ops)
    var entry = Entry(
      request: number, kind: kind, ops: ops, isAtomic: isAtomic, issuedAt: clock, epoch: epoch,
      isCounted: isCounted, status: status)
    entry.changes = changesForSure(ops)
    entry.clears = clears
    if !others.isEmpty {
      entry.isOverlapped = true
      for index in entries.indices where entries[index].epoch == epoch {
        if others.contains(entries[index].request) { entries[index].isOverlapped = true }
      }
    }
    entries.append(entry)
    pins.removeAll { pin in ops.contains { $0.key == pin.key } }
  }

  /// A record that was first named while a `clear` is outstanding may be among what that removes.
  private mutating func extendClears(from known: Int, apartFrom number: UInt64) {
    guard table.count > known, hasOverlap else { return }
    for index in entries.indices[nearStart...] {
      guard let clears = entries[index].clears, entries[index].request != number,
        entries[index].endedAt == .max, entries[index].epoch == epoch
      else { continue }
      for key in known..<table.count where clears.covers(table.keys[key]) {
        let removal = removal(of: key, entries[index].request, nil)
        entries[index].ops.append(removal)
      }
    }
  }

  /// In an atomic group only the last op on a key ever shows.
  private func lastOfEachKey(_ ops: [Op]) -> [Op] {
    guard ops.count > 1 else { return ops }
    var seen: Set<Int> = []
    return Array(ops.reversed().filter { seen.insert($0.key).inserted }.reversed())
  }

  /// Whether these ops take a place in the count of `syncEvery`: a removal of nothing need not.
  private func isEffect(_ ops: [Op]) -> Bool {
    ops.contains { $0.digest != .zero || isPresentForSure($0.key) }
  }

  /// Whether a store cannot have skipped these ops as changing nothing; only then does their
  /// acknowledgement tell that something was made durable.
  private func changesForSure(_ ops: [Op]) -> Bool {
    ops.contains { op in
      !candidates(for: op.key, at: clock).contains { digest(of: $0) == op.digest }
    }
  }

  private func isPresentForSure(_ key: Int) -> Bool {
    let candidates = candidates(for: key, at: clock)
    return !candidates.contains { $0 < 0 || versions[$0].value == nil }
  }
}

// MARK: - Versions

extension OracleModel {
  private mutating func op(
    _ mutation: Mutation, _ request: UInt64, _ transaction: UInt64?
  ) -> Op {
    switch mutation {
    case .delete(let key): return removal(of: table.number(key), request, transaction)
    case .put(let key, let value):
      noteNamespace(of: key)
      return submit(
        Version(
          key: table.number(key), value: value, digest: recordDigest(key, value),
          request: request, transaction: transaction))
    }
  }

  private mutating func removal(of key: Int, _ request: UInt64, _ transaction: UInt64?) -> Op {
    submit(
      Version(key: key, value: nil, digest: .zero, request: request, transaction: transaction))
  }

  private mutating func existence(
    of namespace: [UInt8], _ exists: Bool, _ request: UInt64
  ) -> Op {
    let key = table.number(RecordKey(namespace: namespace, id: []))
    return submit(
      Version(
        key: key, value: exists ? RecordValue(vector: []) : nil,
        digest: exists ? Version.namespaceDigest : .zero, request: request, transaction: nil))
  }

  private mutating func submit(_ version: Version) -> Op {
    versions.append(version)
    fates.append(Fate(origin: version.transaction == nil ? .possible : .uncommitted))
    return Op(key: version.key, version: versions.count - 1, digest: version.digest)
  }

  /// A put that overlaps the drop of its namespace may come after it, and create it again or not.
  private mutating func noteOverlappingPuts(into namespace: [UInt8]) {
    for entry in entries[nearStart...] where entry.endedAt == .max && entry.epoch == epoch {
      for op in entry.ops
      where op.digest != .zero && table.keys[op.key].namespace == namespace
        && !table.isNamespace(op.key)
      {
        noteUnjudged(namespace)
      }
    }
  }

  private mutating func noteUnjudged(_ namespace: [UInt8]) {
    guard !namespace.isEmpty else { return }
    table.leaveUnjudged(table.number(RecordKey(namespace: namespace, id: [])))
  }

  private mutating func noteNamespace(of key: RecordKey) {
    guard !key.namespace.isEmpty else { return }
    let namespace = table.number(RecordKey(namespace: key.namespace, id: []))
    if !isPresentForSure(namespace) { table.leaveUnjudged(namespace) }
  }
}

// MARK: - Transactions

extension OracleModel {
  private mutating func step(_ mutation: Mutation, _ transaction: UInt64, _ number: UInt64) {
    let op = op(mutation, number, transaction)
    if !contract.transactions {
      // Not isolated: it may show at once, and need not.
      fates[op.version].origin = .possible
      append(.single, number, isAtomic: true, ops: [op], status: .unknown)
      inFlight.removeLast()
    }
    let step = Transaction.Step(request: number, op: op)
    if let index = transactions.firstIndex(where: { $0.number == transaction }) {
      transactions[index].steps.append(step)
    } else {
      // The subject goes on with a transaction whose `begin` it refused, or that has ended.
      transactions.append(
        Transaction(number: transaction, begunAt: clock, steps: [step], isIrregular: true))
    }
    fly(number, .step(transaction: transaction))
  }

  private mutating func commit(_ number: UInt64, _ request: UInt64) {
    guard let index = transactions.firstIndex(where: { $0.number == number }) else {
      fly(request, .other)
      return
    }
    let transaction = transactions.remove(at: index)
    let ops = transaction.steps.map(\.op)
    for op in ops {
      fates[op.version].origin = .possible
      // It was there when the put was made, and may have been dropped since.
      if op.digest != .zero { noteNamespace(of: table.keys[op.key]) }
    }
    let isRegular = !transaction.isIrregular && transaction.steps.allSatisfy(\.isAnswered)
    append(
      .transaction, request, isAtomic: isRegular && contract.transactions, ops: ops,
      status: isRegular ? .unanswered : .unknown)
    inFlight.removeLast()
    fly(request, .commit(transaction))
  }
}
