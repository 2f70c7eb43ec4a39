import SubjectProtocol

/// The text of a scheduled request: its number, a space, and the request as the protocol writes it.
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
    RequestEncoder.append(request, number: nil, to: &out)
  }

  /// Reads a line; columns in messages count from `indentation` bytes before it.
  public init(reading line: ArraySlice<UInt8>, indentation: Int) throws(LineError) {
    let digits = line.prefix { (0x30...0x39).contains($0) }
    let json = Array(line[digits.endIndex...])
    guard let number = UInt64(String(decoding: digits, as: UTF8.self)), number > 0,
      json.first == 0x20 || json.first == 0x09
    else { throw LineError(message: "a line is a number, a space and a request") }
    switch RequestDecoder.decode(json) {
    case .request(let request, let inner):
      if let inner, inner != number {
        throw LineError(message: "request \(number) calls itself \(inner)")
      }
      self.init(number: number, request: request)
    case .unsupported(let message, _): throw LineError(message: message)
    case .invalid(let error, _):
      let place = "column \(indentation + digits.count + error.offset + 1)"
      throw LineError(message: "\(place): \(error.reason)")
    }
  }
}
