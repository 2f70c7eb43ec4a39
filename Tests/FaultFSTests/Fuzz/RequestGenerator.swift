import Determinism

/// Draws FUSE requests whose layout is right and whose content is not: odd flags, huge offsets and
/// lengths, numbers of nodes and files that are not there, names of any bytes.
///
/// What libfuse itself takes on trust from the kernel is kept: a message is as long as its parts,
/// names end in a zero byte, and the length of data is the data's.
struct RequestGenerator {
  private var generator: PRNG

  init(_ seed: Seed) { generator = PRNG(seed) }

  /// One request.
  struct Request {
    var operation: UInt32
    var node: UInt64
    var user: UInt32
    var body: [UInt8]
    /// Whether the kernel expects an answer.
    var isAnswered: Bool
  }

  /// What follows the fixed part.
  private enum Tail { case none, name, twoNames, data, nameAndData }

  /// By opcode: the length of the fixed part, and what follows (linux/fuse.h).
  private static let layouts: [(operation: UInt32, fixed: Int, tail: Tail)] = [
    (1, 0, .name), (2, 8, .none), (3, 16, .none), (4, 88, .none), (5, 0, .none),
    (6, 0, .twoNames), (8, 16, .name), (9, 8, .name), (10, 0, .name), (11, 0, .name),
    (12, 8, .twoNames), (13, 8, .name), (14, 8, .none), (15, 40, .none), (16, 40, .data),
    (17, 0, .none), (18, 24, .none), (20, 16, .none), (21, 8, .nameAndData), (22, 8, .name),
    (23, 8, .none), (24, 0, .name), (25, 24, .none), (27, 8, .none), (28, 40, .none),
    (29, 24, .none), (30, 16, .none), (31, 48, .none), (32, 48, .none), (33, 48, .none),
    (34, 8, .none), (35, 16, .name), (36, 8, .none), (37, 16, .none), (39, 32, .data),
    (40, 24, .none), (42, 8, .none), (43, 32, .none), (44, 40, .none), (45, 16, .twoNames),
    (46, 24, .none), (47, 56, .none),
  ]

  mutating func next() -> Request {
    // Opcodes that there are not, now and then.
    if generator.chance(1, in: 200) {
      let operation = UInt32(generator.pick([0, 7, 19, 48, 49, 50, 51, 52, 1000, 0x7FFF_FFFF]))
      return Request(
        operation: operation, node: node(), user: 0, body: words(64), isAnswered: true)
    }
    let (operation, fixed, tail) = generator.pick(Self.layouts)
    var body = words(fixed)
    aim(operation, &body)
    switch tail {
    case .none: break
    case .name: body += name() + [0]
    case .twoNames: body += name() + [0] + name() + [0]
    case .data:
      let data = data()
      put(UInt32(data.count), at: operation == 16 ? 16 : 24, &body)
      body += data
    case .nameAndData:
      let data = data()
      put(UInt32(data.count), at: 0, &body)
      body += attribute() + [0] + data
    }
    let isAnswered = operation != 2 && operation != 36 && operation != 42
    return Request(
      operation: operation, node: node(), user: generator.pick([0, 0, 1000]), body: body,
      isAnswered: isAnswered)
  }

  /// Makes some numbers meet something: the file, the place, the length.
  private mutating func aim(_ operation: UInt32, _ body: inout [UInt8]) {
    switch operation {
    case 13: put(node(), at: 0, &body)
    case 12, 45: put(node(), at: 0, &body)
    case 14, 35:
      // Most files are opened for reading and writing, and only some with every odd flag.
      if generator.chance(1, in: 2) { put(UInt32(2), at: 0, &body) }
    case 15, 16, 28, 44, 43, 46:
      put(UInt64(generator.below(12)), at: 0, &body)
      if generator.chance(1, in: 2) { put(UInt64(generator.below(20_000)), at: 8, &body) }
      // A reply of a mebibyte may exceed what a socket takes from an ordinary user.
      if [15, 28, 44].contains(operation), generator.chance(9, in: 10) {
        put(UInt32(generator.below(65_536)), at: 16, &body)
      }
      if operation == 43, generator.chance(3, in: 4) {
        put(UInt64(generator.below(1 << 20)), at: 16, &body)
        put(UInt32(generator.pick([0, 1, 3, 0x10, 0x11])), at: 24, &body)
      }
    case 42: put(UInt32(0), at: 0, &body)
    case 47:
      put(UInt64(generator.below(12)), at: 0, &body)
      put(UInt64(generator.below(12)), at: 24, &body)
      if generator.chance(1, in: 2) { put(UInt64(0), at: 48, &body) }
    case 18, 20, 25, 29, 30: put(UInt64(generator.below(12)), at: 0, &body)
    case 4: if generator.chance(1, in: 2) { put(UInt64(generator.below(99_999)), at: 16, &body) }
    default: break
    }
  }

  private func put<Number: FixedWidthInteger>(
    _ number: Number, at place: Int, _ body: inout [UInt8]
  ) {
    var words = Words()
    words.add(number)
    body.replaceSubrange(place..<place + words.bytes.count, with: words.bytes)
  }

  private mutating func words(_ count: Int) -> [UInt8] {
    var words = Words()
    while words.bytes.count < count {
      words.add(generator.chance(1, in: 2) ? number() : UInt64(generator.below(8)))
    }
    return words.bytes
  }

  private mutating func number() -> UInt64 {
    switch generator.below(6) {
    case 0: UInt64(generator.below(10_000))
    case 1: 1 << UInt64(generator.below(64))
    case 2: (1 << UInt64(generator.below(64))) &- 1
    case 3: UInt64(Int64.max) &- UInt64(generator.below(5000))
    case 4: UInt64.max &- UInt64(generator.below(5000))
    default: generator.next()
    }
  }

  private mutating func node() -> UInt64 {
    switch generator.below(12) {
    case 0: number()
    case 1: 1
    case 2: UInt64(generator.below(5)) << 32 | UInt64(generator.below(40))
    default: 1 << 32 | UInt64(1 + generator.below(30))
    }
  }

  private mutating func name() -> [UInt8] {
    switch generator.below(12) {
    case 0: [UInt8](repeating: 0x6E, count: generator.pick([0, 254, 255, 256, 1024, 4000]))
    case 1: (0..<generator.below(40)).map { _ in UInt8(1 + generator.below(255)) }
    case 2: Array(generator.pick([".", "..", "/", "a/b", "../..", "w"]).utf8)
    default: [0x61 + UInt8(generator.below(6))]
    }
  }

  private mutating func attribute() -> [UInt8] {
    generator.chance(1, in: 3) ? name() : Array("user.".utf8) + name()
  }

  private mutating func data() -> [UInt8] {
    [UInt8](repeating: UInt8(generator.below(256)), count: generator.pick([0, 1, 100, 4096, 9000]))
  }
}
