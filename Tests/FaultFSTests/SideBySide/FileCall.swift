import Glibc

/// One call of a program on a tree of files: the same list of them is played on the mount, on a
/// plain model, and on a world without a kernel.
///
/// Paths are relative to the root of the tree. Open files stand in numbered slots, so that a call
/// keeps its meaning when others are removed from the list.
enum FileCall: Equatable {
  case open(slot: Int, path: String, flags: Int32, mode: UInt32)
  case close(slot: Int)
  case read(slot: Int, count: Int)
  case write(slot: Int, bytes: Bytes)
  case readAt(slot: Int, offset: Int, count: Int)
  case writeAt(slot: Int, offset: Int, bytes: Bytes)
  case seek(slot: Int, offset: Int, whence: Int32)
  case setSize(slot: Int, size: Int)
  case truncate(path: String, size: Int)
  case allocate(slot: Int, mode: Int32, offset: Int, length: Int)
  case copyRange(from: Int, offset: Int, to: Int, targetOffset: Int, count: Int)
  case synchronize(slot: Int, dataOnly: Bool)
  case mapAndWrite(slot: Int, offset: Int, bytes: Bytes)
  case mapAndRead(slot: Int, offset: Int, count: Int)
  case link(path: String, name: String)
  case symlink(target: String, path: String)
  case readLink(path: String)
  case unlink(path: String)
  case makeDirectory(path: String, mode: UInt32)
  case removeDirectory(path: String)
  case rename(path: String, target: String, flags: UInt32)
  case makeSocket(path: String, mode: UInt32)
  case changeMode(path: String, mode: UInt32)
  case changeOwner(path: String, user: UInt32, group: UInt32)
  case setTimes(path: String, accessed: Moment?, modified: Moment?)
  case setAttribute(path: String, name: String, value: Bytes, flags: Int32)
  case getAttribute(path: String, name: String, room: Int)
  case listAttributes(path: String)
  case removeAttribute(path: String, name: String)
  case status(path: String, follow: Bool)
  case statusOfOpen(slot: Int)
  case list(path: String)

  /// Bytes that tell where they came from: `count` of them, counting up from `first`.
  struct Bytes: Equatable {
    var first: UInt8
    var count: Int

    /// The bytes.
    var bytes: [UInt8] { (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 % 251) } }
  }

  /// A moment as utimensat takes it.
  struct Moment: Equatable {
    var seconds: Int
    var nanoseconds: Int
  }

  /// How many slots there are.
  static let slots = 5
}

/// What a call came to.
enum Outcome: Equatable {
  /// It failed with this errno.
  case failed(Int32)
  /// It succeeded with a number, 0 where it has none.
  case number(Int)
  /// It read these bytes.
  case bytes([UInt8])
  /// It told facts, in one line.
  case facts(String)
}

extension Outcome: CustomStringConvertible {
  /// A sum in which each place counts, to tell long readings apart.
  private static func sum(_ bytes: [UInt8]) -> Int {
    bytes.enumerated().reduce(0) { $0 &+ ($1.offset + 1) * Int($1.element) }
  }

  var description: String {
    switch self {
    case .failed(let error): "error \(error) (\(String(cString: strerror(error))))"
    case .number(let number): "ok \(number)"
    case .bytes(let bytes):
      "\(bytes.count) bytes, sum \(Self.sum(bytes))"
        + (bytes.count <= 16 ? " \(bytes)" : "")
    case .facts(let text): text
    }
  }
}

/// Something that a list of calls can be played on.
protocol CallTarget {
  mutating func perform(_ call: FileCall) -> Outcome
}

/// Facts about a file that every target words in the same way. What a target cannot know (a time
/// that no program set) is left out by all.
struct FileFacts {
  var type: UInt32
  var mode: UInt32
  var links: Int
  var user: UInt32
  var group: UInt32
  var size: Int
  var blocks: Int
  /// In nanoseconds since 2000 in times that a program set; others are left out.
  var accessed: FileCall.Moment?
  var modified: FileCall.Moment?

  var outcome: Outcome {
    func text(_ moment: FileCall.Moment?) -> String {
      moment.map { "\($0.seconds).\($0.nanoseconds)" } ?? "-"
    }
    let own =
      type == S_IFREG ? " size=\(size) blocks=\(blocks)" : type == S_IFLNK ? " size=\(size)" : ""
    return .facts(
      "type=\(type >> 12) mode=\(String(mode, radix: 8)) links=\(links) owner=\(user):\(group)"
        + own + " atime=\(text(accessed)) mtime=\(text(modified))")
  }
}
