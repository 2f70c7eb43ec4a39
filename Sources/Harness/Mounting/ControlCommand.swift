import Glibc
import StorageInterface

/// `torture control`: tells a `torture mount` what to do.
enum ControlCommand {
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    if words == ["--help"] {
      Console.print(help)
      return 0
    }
    guard words.count >= 2 else {
      throw .usage("usage: torture control SOCKET REQUEST; torture control --help shows all")
    }
    let request = words.dropFirst().joined(separator: " ")
    // What the server would refuse is refused here alike, also where there is no server.
    do throws(ControlRefusal) {
      _ = try ControlRequest(parsing: Array(request.utf8))
    } catch {
      throw .usage(error.message)
    }
    let answer = try exchange(request, words[0])
    var lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    guard let result = lines.popLast() else {
      throw .notMeasured("\(words[0]): the mount ended without an answer")
    }
    for line in lines { Console.print(String(line)) }
    if result == "ok" { return 0 }
    if result.hasPrefix("ok ") {
      Console.print(String(result.dropFirst(3)))
      return 0
    }
    if result.hasPrefix("error ") { throw .usage(String(result.dropFirst(6))) }
    throw .notMeasured("\(words[0]): the answer is none of a torture mount: \(result)")
  }

  /// Sends one request and reads the answer to its end.
  private static func exchange(_ request: String, _ path: String) throws(RunError) -> String {
    let descriptor: Int32
    do throws(Errno) {
      descriptor = try UnixSocket.connect(to: path)
    } catch {
      let reason =
        error == .connectionRefused ? "the one that did has ended" : "\(error)"
      throw .notMeasured(
        "no torture mount listens at \(path) (\(reason)): give the socket that it printed")
    }
    defer { close(descriptor) }
    let line = Array((request + "\n").utf8)
    var sent = 0
    while sent < line.count {
      let count = line.withUnsafeBytes {
        send(
          descriptor, $0.baseAddress.map { $0 + sent }, line.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      sent += count
    }
    shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &block, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      answer.append(contentsOf: block[..<count])
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private static var help: String {
    var lines = [
      "usage: torture control SOCKET REQUEST", "",
      "Tells the torture mount that listens at SOCKET what to do, and prints its answer.", "",
      "requests:",
    ]
    for (form, meaning) in ControlRequest.forms {
      lines.append("  \(form)" + String(repeating: " ", count: max(2, 37 - form.count)) + meaning)
    }
    lines += [
      "",
      "Each may also be sent to the socket as one line of text; the answer is lines, the last of",
      "them \"ok\" and what was done, or \"error\" and why not.",
      "exit status: 0 done, 2 refused, 3 no mount listens there",
    ]
    return lines.joined(separator: "\n")
  }
}
