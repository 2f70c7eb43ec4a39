import StorageInterface

// The text form of a fault: one line of words that a space separates.
//
//   PLACE  request=N OPERATION ROLE nth=N
//          write-back ROLE file=N nth=N        evict ROLE file=N nth=N
//   EFFECT ERRNO [after=BYTES] [state=NAME] [lost=WHICH]
//          short=BYTES    slow=MILLISECONDS    hangs    done
extension Fault {
  /// The text form; `init(reading:)` is its inverse.
  public var text: String {
    var words: [String]
    switch place {
    case .call(let request, let operation, let role, let nth):
      words = ["request=\(request)", operation.rawValue, role.name, "nth=\(nth)"]
    case .background(let work, let role, let file, let nth):
      words = [work.rawValue, role.name, "file=\(file)", "nth=\(nth)"]
    }
    switch effect {
    case .fails(let failure):
      words.append("\(failure.error)")
      if let leaving = failure.leaving { words.append("after=\(leaving)") }
      if let after = failure.after { words.append("state=\(after.rawValue)") }
      if failure.lost != .all { words.append("lost=\(failure.lost.rawValue)") }
    case .short(let count): words.append("short=\(count)")
    case .slow(let milliseconds): words.append("slow=\(milliseconds)")
    case .hangs: words.append("hangs")
    case .done: words.append("done")
    }
    return words.joined(separator: " ")
  }

  /// Why a line is no fault: one sentence that says which word and what it should be.
  public struct SyntaxError: Error, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// Reads the text form; nil when `text` is none.
  public init?(parsing text: String) {
    guard let fault = try? Fault(reading: text) else { return nil }
    self = fault
  }

  /// Reads the text form, or says what is wrong with it.
  public init(reading text: String) throws(SyntaxError) {
    // By bytes: a combining mark at the start of a role would make one character with the space.
    var words = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }[...]
    guard words.count >= 5 || words.first == BackgroundWork.evict.rawValue else {
      throw SyntaxError(
        "a fault is \"request=N OPERATION ROLE nth=N EFFECT\" or \"write-back ROLE file=N nth=N "
          + "EFFECT\", as in \"request=7 fsync wal-#.log nth=1 EIO\"")
    }
    let place: Place
    if let work = words.first.flatMap({ BackgroundWork(rawValue: $0) }) {
      words.removeFirst()
      let role = try Self.role(&words)
      let file = try Self.number("file", &words)
      place = .background(work, role: role, file: file, nth: try Self.number("nth", &words))
    } else {
      let request = try Self.request(&words)
      let operation = try Self.operation(&words)
      let role = try Self.role(&words)
      place = .call(
        request: request, operation: operation, role: role, nth: try Self.number("nth", &words))
    }
    self.init(place, try Self.effect(&words))
    if let extra = words.first { throw SyntaxError("\"\(extra)\" is a word too many") }
    if let problem { throw SyntaxError(problem) }
  }

  private static func next(_ words: inout ArraySlice<String>, _ what: String) throws(SyntaxError)
    -> String
  {
    guard let word = words.popFirst(), !word.isEmpty else {
      throw SyntaxError("\(what) is missing")
    }
    return word
  }

  private static func request(_ words: inout ArraySlice<String>) throws(SyntaxError) -> UInt64 {
    let word = try next(&words, "the request")
    guard word.hasPrefix("request="), let number = UInt64(word.dropFirst(8)) else {
      throw SyntaxError("\"\(word)\" should be the request's number, as in \"request=1000003\"")
    }
    return number
  }

  private static func operation(
    _ words: inout ArraySlice<String>
  ) throws(SyntaxError) -> FaultableOperation {
    let word = try next(&words, "the operation")
    guard let operation = FaultableOperation(rawValue: word) else {
      throw SyntaxError(
        "\"\(word)\" is no operation; there are "
          + FaultableOperation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return operation
  }

  private static func role(_ words: inout ArraySlice<String>) throws(SyntaxError) -> FileRole {
    FileRole(name: try next(&words, "the role"))
  }

  private static func number(
    _ name: String, _ words: inout ArraySlice<String>
  ) throws(SyntaxError) -> Int {
    let word = try next(&words, name)
    guard word.hasPrefix(name + "="), let number = Int(word.dropFirst(name.count + 1)), number >= 1
    else { throw SyntaxError("\"\(word)\" should be \"\(name)=\" and a number from 1") }
    return number
  }

  private static func effect(_ words: inout ArraySlice<String>) throws(SyntaxError) -> FaultEffect {
    let word = try next(&words, "the effect")
    if word == "hangs" { return .hangs }
    if word == "done" { return .done }
    if let count = try value("short", word, from: 1) { return .short(count) }
    if let milliseconds = try value("slow", word, from: 1) {
      return .slow(milliseconds: milliseconds)
    }
    guard let error = Errno(name: word) else {
      throw SyntaxError(
        "\"\(word)\" is no effect: an errno such as EIO, \"short=BYTES\", \"slow=MILLISECONDS\", "
          + "\"hangs\" or \"done\"")
    }
    var failure = FaultEffect.Failure(error)
    if let word = words.first, let count = try value("after", word, from: 0) {
      failure.leaving = count
      words.removeFirst()
    }
    if let word = words.first, word.hasPrefix("state=") {
      guard let after = AfterFailedBarrier(rawValue: String(word.dropFirst(6))) else {
        throw SyntaxError(
          "\"\(word)\" is no after-state; there are "
            + AfterFailedBarrier.allCases.map(\.rawValue).joined(separator: ", "))
      }
      failure.after = after
      words.removeFirst()
    }
    if let word = words.first, word.hasPrefix("lost=") {
      guard let lost = LostPages(rawValue: String(word.dropFirst(5))) else {
        throw SyntaxError(
          "\"\(word)\" says no pages; there are "
            + LostPages.allCases.map(\.rawValue).joined(separator: ", "))
      }
      if lost != .all { failure.lost = lost }
      words.removeFirst()
    }
    return .fails(failure)
  }

  private static func value(
    _ name: String, _ word: String, from least: Int
  ) throws(SyntaxError) -> Int? {
    guard word.hasPrefix(name + "=") else { return nil }
    guard let number = Int(word.dropFirst(name.count + 1)), number >= least else {
      throw SyntaxError("\"\(word)\" should be \"\(name)=\" and a number from \(least)")
    }
    return number
  }

  /// What makes no sense about it, as a sentence; nil for a fault that can be armed.
  public var problem: String? {
    switch place {
    case .background(.evict, _, _, _): return effect == .done ? nil : "an eviction is only \"done\""
    case .background(.writeBack, _, _, _):
      switch effect {
      case .done: return nil
      case .fails(let failure):
        if failure.leaving != nil { return "\"after=\" is for a write" }
        if failure.after == .flush { return "a write-back flushes no device" }
        return failure.error.isOfWriteBack
          ? nil : "a write-back fails with EIO, ENOSPC or EDQUOT, not \(failure.error)"
      case .short, .slow, .hangs: return "a write-back is \"done\" or fails"
      }
    case .call(_, let operation, _, _):
      return Self.problem(of: effect, at: operation)
    }
  }

  private static func problem(of effect: FaultEffect, at operation: FaultableOperation) -> String? {
    switch effect {
    case .fails(let failure):
      if failure.leaving != nil && operation != .write { return "\"after=\" is for a write" }
      let mayHaveState = operation.isBarrier || operation == .write || operation == .syncRange
      if failure.after != nil && !mayHaveState { return "\"state=\" is for a barrier or a write" }
      if failure.lost != .all && !mayHaveState { return "\"lost=\" is for a barrier or a write" }
      return nil
    case .short:
      return operation == .read || operation == .write || operation == .copyRange
        ? nil : "\"short=\" is for a read, a write or a copy-range"
    case .slow, .hangs: return nil
    case .done: return "\"done\" is for background work"
    }
  }
}
