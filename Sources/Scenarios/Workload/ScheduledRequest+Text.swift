import SubjectProtocol

/// The text of a scheduled request: its number, `after=N` where it may overlap those behind N, and
/// the request as the protocol writes it, with spaces between.
extension ScheduledRequest {
  /// What is wrong with a line.
  public struct LineError: Error, Sendable {
    /// One line for a person.
    public var message: String
  }

  /// The text.
  public var text: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Adds the text to `out`.
  func append(to out: inout [UInt8]) {
    out.append(contentsOf: String(number).utf8)
    out.append(0x20)
    if let after { out.append(contentsOf: "after=\(after) ".utf8) }
    RequestEncoder.append(request, number: nil, to: &out)
  }

  /// Reads a line; columns in messages count from `indentation` bytes before it.
  public init(reading line: ArraySlice<UInt8>, indentation: Int) throws(LineError) {
    let digits = line.prefix { (0x30...0x39).contains($0) }
    let rest = line[digits.endIndex...]
    guard let number = UInt64(String(decoding: digits, as: UTF8.self)), number > 0,
      rest.first == 0x20 || rest.first == 0x09
    else { throw LineError(message: "a line is a number, a space and a request") }
    let (after, start) = try Self.readAfter(rest, number)
    let json = Array(line[start...])
    switch RequestDecoder.decode(json) {
    case .request(let request, let inner):
      if let inner, inner != number {
        throw LineError(message: "request \(number) calls itself \(inner)")
      }
      self.init(number: number, request: request, after: after)
    case .unsupported(let message, _): throw LineError(message: message)
    case .invalid(let error, _):
      let place = "column \(indentation + start - line.startIndex + error.offset + 1)"
      throw LineError(message: "\(place): \(error.reason)")
    }
  }

  /// Reads `after=N`, where it is there; returns it and where the rest begins.
  private static func readAfter(
    _ rest: ArraySlice<UInt8>, _ number: UInt64
  ) throws(LineError) -> (after: UInt64?, start: Int) {
    let word = rest.drop { $0 == 0x20 || $0 == 0x09 }
    guard word.starts(with: "after=".utf8) else { return (nil, rest.startIndex) }
    let digits = word.dropFirst(6).prefix { (0x30...0x39).contains($0) }
    guard let after = UInt64(String(decoding: digits, as: UTF8.self)), after < number else {
      throw LineError(
        message: "\"after=\" names the request that must be answered first, before \(number)")
    }
    return (after, digits.endIndex)
  }
}
