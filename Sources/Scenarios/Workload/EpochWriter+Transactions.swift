import Determinism
import SubjectProtocol

extension EpochWriter {
  /// Begins a transaction of one to four mutations, which other requests come between.
  mutating func beginTransaction() {
    let limit = generator.features.contains(.concurrentTransactions) ? 2 : 1
    guard transactions.count < limit else { return advanceTransaction() }
    // The number of a transaction is that of its `begin`.
    let number = nextNumber
    add(.begin(transaction: number))
    let draw = random.below(10)
    let ending: OperationName?
    if room < 8, draw < 4 {
      // Near the end of the epoch it may stay open, so that the crash meets it. Not earlier: one
      // that never ends keeps a store without concurrent transactions from beginning another.
      ending = nil
    } else {
      ending = draw < 8 || !supports(.abort) ? .commit : .abort
    }
    transactions.append(
      OpenTransaction(number: number, remaining: random.number(in: 1...4), ending: ending))
  }

  /// Makes the next request of one of the open transactions.
  mutating func advanceTransaction() {
    let index = random.below(transactions.count)
    let transaction = transactions[index]
    if transaction.remaining > 0 {
      if supports(.get), random.chance(1, in: 5) {
        add(.get(readKey(), transaction: transaction.number))
        return
      }
      let isPut = !supports(.delete) || random.chance(3, in: 4)
      add(.mutate(isPut ? put() : delete(), transaction: transaction.number))
      transactions[index].remaining -= 1
      return
    }
    switch transaction.ending {
    case .commit?:
      transactions.remove(at: index)
      add(.commit(transaction: transaction.number))
    case .abort?:
      transactions.remove(at: index)
      add(.abort(transaction: transaction.number))
    default: addFiller()
    }
  }
}
