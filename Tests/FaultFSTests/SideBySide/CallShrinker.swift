/// Makes a list of calls that fails as short as it can be: no call of what is left can go.
struct CallShrinker {
  /// Whether a list still fails.
  let fails: ([FileCall]) -> Bool

  func shrink(_ calls: [FileCall]) -> [FileCall] {
    var calls = calls
    var size = max(1, calls.count / 2)
    while true {
      var removed = false
      var start = 0
      while start < calls.count {
        var shorter = calls
        shorter.removeSubrange(start..<min(start + size, calls.count))
        if fails(shorter) {
          calls = shorter
          removed = true
        } else {
          start += size
        }
      }
      if size == 1 && !removed { return calls }
      if !removed || size > calls.count { size = max(1, size / 2) }
    }
  }
}
