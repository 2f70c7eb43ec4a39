/// For each pending entry operation, the earlier ones that it needs directly.
///
/// The newest earlier one on each name it touches is enough: that one needs those before it. So the
/// table is made in one pass, and 100,000 pending names cost no square.
struct NameDependencies {
  /// By place in the queue, the places that must be kept with it, each before it.
  let needed: [[Int]]

  /// The dependencies within `pending`, which is in issue order.
  init(_ pending: [PendingName]) {
    var needed = [[Int]](repeating: [], count: pending.count)
    if pending.count > 1 {
      var newest: [EntryName: Int] = [:]
      var newestMove: Int?
      for (index, operation) in pending.enumerated() {
        let touched = operation.touched
        for name in touched {
          if let earlier = newest[name], !needed[index].contains(earlier) {
            needed[index].append(earlier)
          }
        }
        for name in touched { newest[name] = index }
        if operation.movesDirectory {
          // Kept in any other order, two moves could put each of two directories below the other.
          if let earlier = newestMove, !needed[index].contains(earlier) {
            needed[index].append(earlier)
          }
          newestMove = index
        }
        // The two halves of a rename are made together, and the link half never goes alone.
        if let link = operation.needsLinkOf, index > 0, pending[index - 1].operation == link,
          !needed[index].contains(index - 1)
        {
          needed[index].append(index - 1)
        }
      }
    }
    self.needed = needed
  }

  /// Whether every marked operation has what it needs.
  func isClosed(_ kept: [Bool]) -> Bool {
    needed.indices.allSatisfy { !kept[$0] || needed[$0].allSatisfy { kept[$0] } }
  }

  /// `kept` without the operations that lack something they need.
  func reduced(_ kept: [Bool]) -> [Bool] {
    var result = kept
    for index in needed.indices where result[index] {
      result[index] = needed[index].allSatisfy { result[$0] }
    }
    return result
  }

  /// `kept` with all that its operations need, however indirectly.
  func completed(_ kept: [Bool]) -> [Bool] {
    var result = kept
    for index in needed.indices.reversed() where result[index] {
      for earlier in needed[index] { result[earlier] = true }
    }
    return result
  }
}

/// One name in one directory.
struct EntryName: Hashable {
  var directory: InodeNumber
  var name: [UInt8]
}
