import DurabilityModel
@testable import FaultFS
import Glibc
import Testing

/// The kernel's side of a FUSE connection, played by a test over a socket: requests may be anything
/// that fits the protocol's layout, also what no kernel sends.
final class PlayedKernel {
  let mount: FuseMount
  private let connection: Int32
  private var unique: UInt64 = 1
  private var interrupts: Set<UInt64> = []
  private var reply = [UInt8](repeating: 0, count: 1 << 21)

  init(_ options: MountOptions = MountOptions()) throws {
    var ends: [Int32] = [-1, -1]
    try #require(
      socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    // Replies of a mebibyte are one message each.
    var room: Int32 = 4 << 20
    for end in ends {
      // Only root may exceed the limit; others see the largest replies fail.
      if setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &room, 4) != 0 {
        setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, 4)
      }
    }
    connection = ends[0]
    // INIT of protocol 7.38: the readahead, and every capability that fits the first word.
    var body = Words()
    body.add(UInt32(7))
    body.add(UInt32(38))
    body.add(UInt32(131_072))
    body.add(UInt32.max & ~(1 << 30))
    for _ in 0..<12 { body.add(UInt32(0)) }
    let message = Self.message(26, node: 0, unique: 1, user: 0, body.bytes)
    try #require(send(ends[0], message, message.count, 0) == message.count)
    mount = try FuseMount(over: ends[1], options)
    _ = recv(connection, &reply, reply.count, 0)
  }

  deinit {
    mount.unmount()
    close(connection)
  }

  /// The answer to a request.
  struct Reply {
    var error: Int32
    var bytes: [UInt8]
  }

  /// Sends one request and lets the mount answer it; nil when it did not.
  func ask(_ operation: UInt32, node: UInt64, user: UInt32 = 0, _ body: [UInt8]) throws -> Reply? {
    unique += 1
    if operation == 36 { interrupts.insert(unique) }
    let message = Self.message(operation, node: node, unique: unique, user: user, body)
    try #require(send(connection, message, message.count, 0) == message.count)
    try mount.processNext()
    while true {
      let count = recv(connection, &reply, reply.count, Int32(MSG_DONTWAIT))
      guard count >= 16 else { return nil }
      var header = Reader(bytes: Array(reply[..<16]))
      #expect(Int(header.next32()) == count)
      let error = Int32(bitPattern: header.next32())
      let answered = header.next64()
      #expect(error <= 0 && error > -4096)
      if answered == unique { return Reply(error: -error, bytes: Array(reply[16..<count])) }
      // libfuse answers an interrupt for nothing it knows when the next request comes.
      #expect(interrupts.remove(answered) != nil, "an answer to request \(answered)")
    }
  }

  private static func message(
    _ operation: UInt32, node: UInt64, unique: UInt64, user: UInt32, _ body: [UInt8]
  ) -> [UInt8] {
    var words = Words()
    words.add(UInt32(40 + body.count))
    words.add(operation)
    words.add(unique)
    words.add(node)
    words.add(user)
    words.add(user)
    words.add(UInt32(77))
    words.add(UInt32(0))
    return words.bytes + body
  }
}

/// Numbers put behind each other, the lowest byte first.
struct Words {
  var bytes: [UInt8] = []

  mutating func add<Number: FixedWidthInteger>(_ number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  mutating func add(name: [UInt8]) {
    bytes += name
    bytes.append(0)
  }
}

/// Numbers read from where they stand behind each other.
struct Reader {
  var bytes: [UInt8]
  var position = 0

  mutating func next32() -> UInt32 { UInt32(truncatingIfNeeded: next(4)) }
  mutating func next64() -> UInt64 { next(8) }

  private mutating func next(_ count: Int) -> UInt64 {
    defer { position += count }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << ($1 * 8) }
  }
}
