import Determinism
import Glibc

/// Draws calls that meet each other: few names, few slots, sizes around pages and far away.
struct CallGenerator {
  private var generator: PRNG
  /// Whether mappings are drawn: a direct mount refuses them.
  let maps: Bool
  /// Whether the caller may do what only root may.
  let isRoot: Bool

  init(_ seed: Seed, maps: Bool, isRoot: Bool = geteuid() == 0) {
    generator = PRNG(seed)
    self.maps = maps
    self.isRoot = isRoot
  }

  /// A history: some files and directories to begin with, then `count` calls.
  mutating func history(_ count: Int) -> [FileCall] {
    var calls: [FileCall] = [
      .makeDirectory(path: "d", mode: 0o755), .makeDirectory(path: "e", mode: 0o755),
    ]
    for (slot, path) in ["a", "b", "c", "d/a", "e/b"].enumerated() {
      calls.append(.open(slot: slot, path: path, flags: O_RDWR | O_CREAT, mode: 0o644))
    }
    while calls.count < count { calls.append(next()) }
    return calls
  }

  mutating func next() -> FileCall {
    switch generator.index(weights: [34, 22, 16]) {
    case 0: content()
    case 1: names()
    default: attributes()
    }
  }

  private mutating func content() -> FileCall {
    let slot = slot()
    switch generator.index(weights: [
      11, 1, 2, 3, 3, 7, 3, 3, 1, 4, 3, 2, maps ? 4 : 0, maps ? 3 : 0,
    ])
    {
    case 0:
      return .open(slot: slot, path: path(), flags: openFlags(), mode: mode())
    case 1: return .close(slot: slot)
    case 2: return .read(slot: slot, count: count())
    case 3: return .write(slot: slot, bytes: bytes())
    case 4: return .readAt(slot: slot, offset: offset(), count: count())
    case 5: return .writeAt(slot: slot, offset: offset(), bytes: bytes())
    case 6:
      let whence = generator.pick([SEEK_SET, SEEK_CUR, SEEK_END, 3, 4, 3, 4])
      return .seek(
        slot: slot, offset: generator.chance(1, in: 6) ? -generator.below(5000) : offset(),
        whence: whence)
    case 7: return .setSize(slot: slot, size: offset())
    case 8: return .truncate(path: path(), size: offset())
    case 9:
      let mode = generator.pick([0, 1, 3, 0x10, 0x11, 3, 0x10, 2, 8] as [Int32])
      return .allocate(
        slot: slot, mode: mode, offset: nearOffset() - (generator.chance(1, in: 30) ? 9999 : 0),
        length: generator.pick([0, 1, 100, 4096, 8192, 10_000, 50_000]))
    case 10:
      return .copyRange(
        from: slot, offset: offset(), to: self.slot(), targetOffset: nearOffset(), count: count())
    case 11: return .synchronize(slot: slot, dataOnly: generator.chance(1, in: 2))
    case 12: return .mapAndWrite(slot: slot, offset: nearOffset(), bytes: bytes())
    default: return .mapAndRead(slot: slot, offset: nearOffset(), count: count() + 1)
    }
  }

  private mutating func names() -> FileCall {
    switch generator.index(weights: [4, 2, 1, 3, 4, 2, 6, 1, 6]) {
    case 0: .link(path: path(), name: path())
    case 1: .symlink(target: path(), path: path())
    case 2: .readLink(path: path())
    case 3: .unlink(path: path())
    case 4: .makeDirectory(path: path(), mode: mode() | 0o700)
    case 5: .removeDirectory(path: path())
    case 6: .rename(path: path(), target: path(), flags: generator.pick([0, 0, 0, 0, 1, 2, 2, 3]))
    case 7: .makeSocket(path: path(), mode: mode())
    default: .list(path: path())
    }
  }

  private mutating func attributes() -> FileCall {
    let name = "user." + generator.pick(["a", "b", "c"])
    switch generator.index(weights: [2, isRoot ? 2 : 0, 3, 3, 2, 2, 1, 8, 4]) {
    case 0:
      let mode: UInt32 = isRoot ? generator.pick([0o2755, 0o4711, 0o6777, 0o1777]) : mode()
      return .changeMode(path: path(), mode: generator.chance(1, in: 2) ? mode : self.mode())
    case 1:
      return .changeOwner(
        path: path(), user: generator.pick([0, 1, 70_000]), group: generator.pick([0, 5]))
    case 2: return .setTimes(path: path(), accessed: moment(), modified: moment())
    case 3:
      return .setAttribute(
        path: path(), name: name,
        value: .init(first: byte(), count: generator.pick([0, 1, 30, 200])),
        flags: generator.pick([0, 0, 1, 2]))
    case 4:
      return .getAttribute(path: path(), name: name, room: generator.pick([0, 1, 30, 300]))
    case 5: return .listAttributes(path: path())
    case 6: return .removeAttribute(path: path(), name: name)
    case 7: return .status(path: path(), follow: generator.chance(1, in: 2))
    default: return .statusOfOpen(slot: slot())
    }
  }

  // MARK: Parts of calls.

  private mutating func slot() -> Int { generator.below(FileCall.slots) }

  private mutating func byte() -> UInt8 { UInt8(generator.number(in: 1...250)) }

  private mutating func path() -> String {
    let long = String(repeating: "n", count: generator.pick([255, 255, 256]))
    let names = ["a", "b", "c", "d", "e", generator.chance(1, in: 8) ? long : "é"]
    let directories = generator.chance(1, in: 8) ? names : ["d", "e"]
    switch generator.index(weights: [14, 8, 2, 1]) {
    case 0: return generator.pick(names)
    case 1: return generator.pick(directories) + "/" + generator.pick(names)
    case 2:
      return generator.pick(directories) + "/" + generator.pick(directories) + "/"
        + generator.pick(names)
    default: return generator.pick(directories) + "/../" + generator.pick(names)
    }
  }

  private mutating func mode() -> UInt32 { generator.pick([0o644, 0o600, 0o755, 0o700]) }

  private mutating func openFlags() -> Int32 {
    var flags = generator.pick([O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY])
    if generator.chance(4, in: 5) { flags |= O_CREAT }
    if flags & O_CREAT != 0, generator.chance(1, in: 6) { flags |= O_EXCL }
    if generator.chance(1, in: 6) { flags |= O_TRUNC }
    if generator.chance(1, in: 6) { flags |= O_APPEND }
    if generator.chance(1, in: 12) { flags |= O_NOFOLLOW }
    if generator.chance(1, in: 8) { flags |= O_DSYNC }
    if flags & (O_CREAT | O_NOFOLLOW) == 0, generator.chance(1, in: 5) {
      flags = O_RDONLY | O_DIRECTORY
    }
    return flags
  }

  private mutating func nearOffset() -> Int {
    generator.pick([0, 0, 1, 511, 4095, 4096, 4097, 8192, 12_000, 20_480, 33_333, 131_072])
  }

  private mutating func offset() -> Int {
    generator.chance(1, in: 25)
      ? generator.pick([1 << 31, 1 << 33, (1 << 40) + 5]) : nearOffset()
  }

  private mutating func count() -> Int {
    generator.pick([0, 1, 100, 4096, 5000, 20_000, 140_000])
  }

  private mutating func bytes() -> FileCall.Bytes {
    .init(first: byte(), count: generator.pick([0, 1, 7, 512, 4096, 4097, 9000, 30_000]))
  }

  private mutating func moment() -> FileCall.Moment? {
    if generator.chance(1, in: 3) { return nil }
    return FileCall.Moment(
      seconds: generator.number(in: -1000...800_000_000),
      nanoseconds: generator.below(1_000_000_000))
  }
}
