import Glibc
import Testing

extension EndToEndTests {
  @Suite("The control socket and its clients", .enabled(if: Machine.hasFuse, "no /dev/fuse"))
  struct ControlSocketTests {
    /// How many requests are sent; `TORTURE_CONTROL_REQUESTS=1000000` for a long run.
    static let count =
      getenv("TORTURE_CONTROL_REQUESTS").flatMap { Int(String(cString: $0)) } ?? 20_000

    @Test("Random requests of many clients get errors, and the disk lives on")
    func random() throws {
      let disk = try MountedDisk()
      let seed = UInt64.random(in: .min ... .max)
      var clients = RandomClients(socket: disk.socket, seed: seed)
      // A file with pending writes, so that crashes have something to choose from.
      try disk.run("for i in 1 2 3 4 5 6 7 8 9; do echo $i > f$i; done; sync f3; mkdir d")
      clients.send(Self.count)
      #expect(clients.answers > Self.count / 8, "seed \(seed)")
      #expect(!disk.server.hasEnded(), "seed \(seed)")
      try disk.ask("clear")
      #expect(try disk.ask("status").contains("pending "), "seed \(seed)")
      #expect(try disk.run("echo new > new; cat new; rm -rf *; ls") == "new\n", "seed \(seed)")
      try disk.end()
    }

    @Test("Whatever is no request is answered with one error; whoever floods is cut off")
    func rubbish() throws {
      let disk = try MountedDisk()
      let cases: [(sent: [UInt8], answer: String)] = [
        (Array("status".utf8), "error the request does not end with a newline\n"),
        ([0x0A], "error the request is empty\n"),
        ([0x20, 0x20, 0x0A], "error the request is empty\n"),
        ([0x00, 0x0A], "error a request is one line of text without control characters\n"),
        (
          Array("crash\r\n".utf8),
          "error a request is one line of text without control characters\n"
        ),
        (Array(repeating: 0x61, count: 100_000), "error a request has at most 4096 bytes\n"),
        ([], ""),
        ([0xFF, 0xFE, 0x0A], "error there is no request \"\u{FFFD}\u{FFFD}\"; there are crash"),
        (Array("sync\nclear\n".utf8), "ok 0 operations are pending still\nok forgot 0 faults\n"),
      ]
      for (sent, answer) in cases {
        let client = try RandomClients.connect(to: disk.socket)
        _ = sent.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(client, Int32(SHUT_WR))
        let got = RandomClients.readAll(client)
        #expect(got.hasPrefix(answer), "\(got)")
        if answer.isEmpty || answer.hasSuffix("\n") { #expect(got == answer) }
        close(client)
      }
      #expect(try disk.ask("status").hasPrefix("disk model "))
      try disk.end()
    }

    @Test("Clients that say nothing do not keep others out")
    func silent() throws {
      let disk = try MountedDisk()
      var silent: [Int32] = []
      for _ in 0..<200 { silent.append(try RandomClients.connect(to: disk.socket)) }
      #expect(try disk.ask("status").hasPrefix("disk model "))
      for client in silent { close(client) }
      try disk.end()
    }

    @Test("A client that reads no answers holds up nobody")
    func deaf() throws {
      let disk = try MountedDisk()
      try disk.run("for i in $(seq 1 500); do echo > file-with-a-long-name-$i; done")
      let deaf = try RandomClients.connect(to: disk.socket)
      _ = fcntl(deaf, F_SETFL, O_NONBLOCK)
      let requests = Array(String(repeating: "status\n", count: 1_000).utf8)
      for _ in 0..<20 {
        _ = requests.withUnsafeBytes { send(deaf, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      }
      #expect(try disk.ask("status").contains("pending 500 bytes in 500 files"))
      try disk.run("echo x > x")
      close(deaf)
      try disk.end()
    }
  }
}

/// Clients of a control socket that send whatever comes to their mind.
struct RandomClients {
  let socket: String
  /// How many lines came back.
  private(set) var answers = 0
  private var state: UInt64
  private var open: [Int32] = []

  init(socket: String, seed: UInt64) {
    self.socket = socket
    state = seed
  }

  /// Sends `count` requests over connections that come and go, and closes them.
  mutating func send(_ count: Int) {
    for _ in 0..<count {
      if open.isEmpty || (open.count < 40 && next(20) == 0) {
        guard let client = try? Self.connect(to: socket) else { continue }
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        open.append(client)
      }
      let index = next(open.count)
      let bytes = request()
      _ = bytes.withUnsafeBytes {
        Glibc.send(open[index], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if next(4) > 0 { listen(open[index]) }
      if next(30) == 0 { close(open.remove(at: index)) }
    }
    for client in open {
      listen(client)
      close(client)
    }
    open = []
  }

  /// Counts the lines that have come; waits a moment for the first.
  private mutating func listen(_ client: Int32) {
    var entry = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 1) > 0 else { return }
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
      let count = recv(client, buffer.baseAddress, buffer.count, 0)
      if count > 0 { answers += buffer[..<count].count { $0 == 0x0A } }
    }
  }

  /// splitmix64 (Steele, Lea, Flood 2014).
  private mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((mixed ^ mixed >> 31) % UInt64(bound))
  }

  private mutating func request() -> [UInt8] {
    let words = [
      "crash", "--keep", "none", "all", "--seed", "0x7", "fault", "request=*", "fsync", "write",
      "*", "nth=1", "nth=0", "nth=99999999999999999999", "EIO", "ENOSPC", "after=10", "clear",
      "sync", "status", "snapshot", "restore", "s1", "s2", "--seed=", "--", "", "\u{301}", "é",
      "\t", "18446744073709551616", "wal-#.log", "request=", "-1", "help",
    ]
    let whole = [
      "crash --keep all", "crash --keep none", "sync", "clear", "status", "snapshot s1",
      "restore s1", "snapshot s\(next(2_000))", "restore s\(next(2_000))",
      "crash --seed \(next(99))",
      "fault write * nth=\(next(9)) EIO", "fault request=* open f# nth=1 EMFILE",
    ]
    switch next(8) {
    case 0, 1, 2: return Array((whole[next(whole.count)] + "\n").utf8)
    case 3, 4:
      let text = (0..<next(6)).map { _ in words[next(words.count)] }.joined(separator: " ")
      return Array((text + "\n").utf8)
    case 5: return Array(whole[next(whole.count)].utf8.prefix(next(12)))
    case 6: return (0..<next(64)).map { _ in UInt8(next(256)) } + [0x0A]
    default: return [UInt8](repeating: UInt8(next(256)), count: next(100) == 0 ? 20_000 : next(300))
    }
  }

  static func connect(to path: String) throws -> Int32 {
    let client = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0, "connect: \(String(cString: strerror(errno)))")
    return client
  }

  /// Everything that comes until the other side closes.
  static func readAll(_ client: Int32) -> String {
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = recv(client, &block, block.count, 0)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text.append(contentsOf: block[..<count])
    }
  }
}
