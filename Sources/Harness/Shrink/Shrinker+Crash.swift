import DurabilityModel

/// The crash's choice: a process crash if that is enough, nothing kept if that is, else as little
/// as can be; no tear and no garbage that is not needed.
extension Shrinker {
  mutating func simplifyCrashes() throws(RunError) -> Bool {
    var changed = false
    for life in best.lives.indices.reversed() {
      guard let crash = best.lives[life].script.crash, case .power = crash.kind else { continue }
      if try attempt(
        "a process crash is enough", reach: .exact,
        { candidate in
          candidate.lives[life].script.crash?.kind = .process
          candidate.lives[life].script.crash?.origin = crash.point
          candidate.lives[life].script.crash?.damage = nil
        })
      {
        changed = true
        continue
      }
      changed = try keepNothing(life) || changed
      changed = try dropKept(life) || changed
      changed = try mendTorn(life) || changed
      changed = try clearGarbage(life) || changed
    }
    return changed
  }

  /// The choice of a life's crash and the disk it is about.
  private func choice(_ life: Int) -> (choice: PowerLossChoice, disk: Disk)? {
    guard let crash = best.lives[life].script.crash, case .power(let choice) = crash.kind,
      let disk = best.lives[life].origin
    else { return nil }
    return (choice, disk)
  }

  private mutating func take(
    _ what: String, _ choice: PowerLossChoice, _ life: Int
  ) throws(RunError) -> Bool {
    try attempt(what, reach: .exact) { $0.lives[life].script.crash?.kind = .power(choice) }
  }

  private mutating func keepNothing(_ life: Int) throws(RunError) -> Bool {
    guard let (choice, disk) = choice(life) else { return false }
    let nothing = disk.keepingNothing
    guard choice.keepsAnything, disk.accepts(nothing) else { return false }
    return try take("nothing pending is kept", nothing, life)
  }

  private mutating func dropKept(_ life: Int) throws(RunError) -> Bool {
    var changed = false
    guard let pending = choice(life)?.disk.pendingOperations else { return false }
    for number in pending.reversed() {
      guard let (choice, disk) = choice(life) else { return changed }
      let less = disk.dropping(number, in: choice)
      guard less != choice, disk.accepts(less) else { continue }
      changed = try take("a kept write is dropped", less, life) || changed
    }
    return changed
  }

  private mutating func mendTorn(_ life: Int) throws(RunError) -> Bool {
    var changed = false
    guard let (choice, disk) = choice(life), choice.tearsAnything else { return false }
    for number in disk.dropped(by: choice) {
      guard let (choice, disk) = self.choice(life) else { return changed }
      let whole = disk.keeping(number, in: choice)
      guard whole.tornCount < choice.tornCount, disk.accepts(whole) else { continue }
      changed = try take("a torn write is kept whole", whole, life) || changed
    }
    return changed
  }

  private mutating func clearGarbage(_ life: Int) throws(RunError) -> Bool {
    guard var (choice, _) = choice(life) else { return false }
    let before = choice
    for index in choice.files.indices {
      choice.files[index].garbage = .zeros
      choice.files[index].garbageSeed = 0
    }
    guard choice != before else { return false }
    return try take("zeros instead of garbage", choice, life)
  }
}

extension PowerLossChoice {
  /// How many writes were kept in part.
  var tornCount: Int {
    files.reduce(0) { count, file in
      count + (file.exactSize == nil ? 0 : 1)
        + file.data.count {
          if case .sectors = $0 { return true }
          return false
        }
    }
  }
}
