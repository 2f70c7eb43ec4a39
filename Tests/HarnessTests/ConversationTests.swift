import SubjectProtocol
import Testing

@testable import Harness

@Suite("Which request a line answers")
struct ConversationTests {
  private static let ok = #"{"ok":true}"#

  private static func line(_ number: UInt64) -> [UInt8] {
    Array("{\"ok\":true,\"request\":\(number)}".utf8)
  }

  private static func asked(_ numbers: [UInt64], inAnyOrder: Bool = false) -> Conversation {
    var conversation = Conversation()
    conversation.answersInAnyOrder = inAnyOrder
    for number in numbers { conversation.ask(.flush, number: number) }
    return conversation
  }

  private static func number(_ meaning: Conversation.Meaning) -> UInt64? {
    guard case .answer(_, let number) = meaning else { return nil }
    return number
  }

  @Test("Every line that is sent carries its number, and all go out in one piece")
  func numbered() throws {
    var conversation = Self.asked([7, 8])
    var pieces: [String] = []
    conversation.sendWhatWasAsked { pieces.append(String(decoding: $0, as: UTF8.self)) }
    conversation.sendWhatWasAsked { pieces.append(String(decoding: $0, as: UTF8.self)) }
    #expect(pieces == [#"{"op":"flush","request":7}"# + "\n" + #"{"op":"flush","request":8}"#])
  }

  @Test("In order, an answer may leave its number out, and must not give another's")
  func inOrder() {
    var conversation = Self.asked([7, 8, 9])
    #expect(Self.number(conversation.take(Array(Self.ok.utf8))) == 7)
    #expect(Self.number(conversation.take(Self.line(8))) == 8)
    // What was answered already comes again; what is waited for stays outstanding.
    guard case .rubbish(let why) = conversation.take(Self.line(8)) else {
      Issue.record("the second answer to 8 was taken for the one to 9")
      return
    }
    #expect(why.hasPrefix("it wrote a line nobody asked for: an answer to request 8"))
    #expect(conversation.outstanding.map(\.number) == [9])
  }

  @Test("In any order, the number tells, and must be there while several are outstanding")
  func inAnyOrder() {
    var conversation = Self.asked([7, 8], inAnyOrder: true)
    #expect(Self.number(conversation.take(Array(Self.ok.utf8))) == nil)
    #expect(Self.number(conversation.take(Self.line(6))) == nil)
    #expect(Self.number(conversation.take(Self.line(8))) == 8)
    #expect(Self.number(conversation.take(Array(Self.ok.utf8))) == 7)
    #expect(conversation.outstanding.isEmpty)
  }

  @Test("A dump that is known by its bytes is still held to its number")
  func knownDump() {
    let dump = Array(#"{"ok":true,"request":5,"records":[]}"#.utf8)
    var conversation = Conversation()
    for (number, answered) in [(UInt64(5), UInt64(5)), (5, 5), (6, nil)] as [(UInt64, UInt64?)] {
      conversation.ask(.dump, number: number)
      #expect(Self.number(conversation.take(dump)) == answered)
    }
  }
}
