import Determinism
import SubjectProtocol

/// What was asked of a subject and not answered yet, and which answer a line of it is.
///
/// Every request carries its number. A subject may leave it out of an answer where nothing
/// overlaps; where it gives one, an answer to something else is told apart from the one that is
/// waited for, however late it comes: a program that answers twice must not have its second line
/// taken for what it says about the next request.
struct Conversation {
  /// What a line turned out to be.
  enum Meaning {
    /// The answer to one of the outstanding requests.
    case answer(Answer, to: UInt64)
    /// Nothing that was waited for: one line that says why.
    case rubbish(String)
  }

  /// Whether the subject takes several requests at once and answers in any order; otherwise it
  /// answers in the order in which it was asked.
  var answersInAnyOrder = false
  /// The requests that were sent and not answered, oldest first.
  private(set) var outstanding: [(request: Request, number: UInt64)] = []
  /// Lines that go out when an answer is waited for: in one piece, so that what the subject finds
  /// to read does not depend on who of the two was faster.
  private var unsent: [UInt8] = []
  /// Recoveries repeat: a dump whose bytes came before need not be read again.
  private var knownDumps: [Digest: DecodedAnswer] = [:]

  /// How many decoded dumps are kept.
  private static let knownDumpLimit = 4096

  /// Adds a request to what goes out next.
  mutating func ask(_ request: Request, number: UInt64) {
    if !unsent.isEmpty { unsent.append(0x0A) }
    RequestEncoder.append(request, number: number, to: &unsent)
    outstanding.append((request, number))
  }

  /// Hands what was asked since the last time to `send`: lines, without the last one's newline.
  mutating func sendWhatWasAsked(_ send: ([UInt8]) -> Void) {
    guard !unsent.isEmpty else { return }
    send(unsent)
    unsent.removeAll(keepingCapacity: true)
  }

  /// The process is gone, and all that it was asked.
  mutating func forget() {
    outstanding.removeAll()
    unsent.removeAll()
  }

  /// Finds the request that a line answers, and takes it off the outstanding ones.
  ///
  /// - Precondition: at least one is outstanding.
  mutating func take(_ line: [UInt8]) -> Meaning {
    precondition(!outstanding.isEmpty, "an answer needs a request")
    var index = 0
    if answersInAnyOrder {
      if let number = AnswerDecoder.number(of: line) {
        guard let place = outstanding.firstIndex(where: { $0.number == number }) else {
          return .rubbish(
            Self.nobodyAsked(": an answer to request \(number), which is not outstanding"))
        }
        index = place
      } else if outstanding.count > 1 {
        let count = outstanding.count
        return .rubbish(
          "its answer does not say to which of \(count) outstanding requests it is")
      }
    }
    let (request, number) = outstanding[index]
    do throws(JSONError) {
      let decoded = try decode(line, to: request)
      if let said = decoded.number, said != number {
        return .rubbish(
          Self.nobodyAsked(": an answer to request \(said), where \(number) was to be answered"))
      }
      outstanding.remove(at: index)
      return .answer(decoded.answer, to: number)
    } catch {
      let text = ConformanceResult.shortened(String(decoding: line, as: UTF8.self))
      return .rubbish("its answer to \(request.name.rawValue) is none: \(error): \(text)")
    }
  }

  /// What is said about a line that answers nothing.
  static func nobodyAsked(_ what: String) -> String { "it wrote a line nobody asked for" + what }

  private mutating func decode(
    _ line: [UInt8], to request: Request
  ) throws(JSONError) -> DecodedAnswer {
    guard case .dump = request else { return try AnswerDecoder.decode(line, to: request.name) }
    var hasher = DigestHasher()
    hasher.combine(line)
    let key = hasher.finish()
    if let known = knownDumps[key] { return known }
    let decoded = try AnswerDecoder.decode(line, to: .dump)
    if case .dump = decoded.answer {
      if knownDumps.count >= Self.knownDumpLimit { knownDumps.removeAll() }
      knownDumps[key] = decoded
    }
    return decoded
  }
}
