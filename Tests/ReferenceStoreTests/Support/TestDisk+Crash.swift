extension TestDisk {
  /// What a power cut keeps of what is pending.
  enum Keep {
    case all, none
    case random(TestRandom)
  }

  static func apply(_ operation: NameOperation, to names: inout [String: Int]) {
    switch operation {
    case .link(let name, let inode): names[name] = inode
    case .unlink(let name): names[name] = nil
    case .rename(let source, let target, let inode):
      if names[source] == inode { names[source] = nil }
      names[target] = inode
    }
  }

  /// A failed barrier or write-back: pages clean, the cache as it was, the disk without them.
  func loseWrites(of inode: Int) {
    for write in inodes[inode].pending {
      inodes[inode].lostPages.insert(write.offset / Self.page)
    }
    inodes[inode].pending.removeAll()
  }

  /// The disk after the process died: the cache survives, so does everything pending.
  func afterProcessCrash() -> TestDisk {
    let next = TestDisk()
    next.inodes = inodes
    next.names = names
    next.durableNames = durableNames
    next.pendingNames = pendingNames
    return next
  }

  /// A copy that can be crashed and opened on its own.
  func clone() -> TestDisk { afterProcessCrash() }

  /// The disk after the power went: what is durable, and what `keep` chooses of what is pending.
  func afterPowerLoss(_ keep: Keep) -> TestDisk {
    let next = TestDisk()
    next.durableNames = durableNames
    var random: TestRandom?
    if case .random(let generator) = keep { random = generator }
    for operation in pendingNames {
      let isKept =
        switch keep {
        case .all: true
        case .none: false
        case .random: random?.chance(1, in: 2) ?? false
        }
      if isKept { Self.apply(operation, to: &next.durableNames) }
    }
    next.names = next.durableNames
    for inode in inodes {
      var content = inode
      let synced = content.durable.count
      switch keep {
      case .all:
        for write in content.pending { content.makeDurable(write) }
      case .none: break
      case .random:
        guard random != nil else { break }
        var generator = TestRandom(seed: random?.next() ?? 0)
        // The size is independent of the data, and what is not written there is anything.
        if content.pendingSize > synced && generator.chance(2, in: 3) {
          let size = generator.number(in: synced...content.pendingSize)
          let filling = garbage(count: size, &generator)
          content.durable.append(contentsOf: filling[synced...])
        }
        for write in content.pending where generator.chance(1, in: 2) {
          content.makeDurable(write)
        }
      }
      let survivor = Inode(cached: content.durable, durable: content.durable)
      next.inodes.append(survivor)
    }
    return next
  }

  /// What never-synced space may hold: also the bytes of any file there ever was.
  private func garbage(count: Int, _ random: inout TestRandom) -> [UInt8] {
    switch random.below(5) {
    case 0: return [UInt8](repeating: 0, count: count)
    case 1: return [UInt8](repeating: 0xFF, count: count)
    case 2: return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    default:
      let other = inodes[random.below(inodes.count)]
      let source = random.chance(1, in: 2) ? other.cached : other.durable
      let shift = random.chance(1, in: 4) ? Self.sector : 0
      return (0..<count).map { index in
        let from = index + shift
        return from < source.count ? source[from] : 0
      }
    }
  }

  /// Writes some pending pages back, or loses them with an error for the next barrier.
  func writeBack(_ random: inout TestRandom) {
    guard !inodes.isEmpty else { return }
    let index = random.below(inodes.count)
    if random.chance(1, in: 6) {
      if !inodes[index].pending.isEmpty {
        loseWrites(of: index)
        inodes[index].hasUnseenError = true
      }
      return
    }
    var rest: [(offset: Int, bytes: [UInt8])] = []
    for write in inodes[index].pending {
      if random.chance(1, in: 2) {
        inodes[index].makeDurable(write)
      } else {
        rest.append(write)
      }
    }
    inodes[index].pending = rest
  }
}

/// A small generator for these tests: splitmix64.
struct TestRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    below(denominator) < numerator
  }
}
