import Determinism
import DurabilityModel

/// One request of `torture control`: a line of words, the same on the command line and on the
/// socket.
enum ControlRequest: Equatable {
  /// Cut the power now and start again with what was kept.
  case crash(PowerLossDraw)
  /// Inject a fault from now on.
  case fault(Fault)
  /// Forget all faults.
  case clear
  /// Make everything durable.
  case synchronize
  /// Tell what is pending.
  case status
  /// Keep the disk as it is under a name.
  case snapshot(String)
  /// Go back to a kept disk.
  case restore(String)
  /// Unmount and end.
  case unmount

  /// The forms there are, for help texts.
  static let forms: [(form: String, meaning: String)] = [
    (
      "crash [--keep none|all | --seed S]",
      "cut the power: of what no barrier covered, none (default), all, or what the seed draws "
        + "is kept"
    ),
    (
      "fault 'FAULT'",
      "inject a fault, in the form of torture list faults; request=* may be left out"
    ),
    ("clear", "forget all faults, fired or not"),
    ("sync", "a barrier on every file and directory"),
    ("status", "pending bytes by file, pending names, faults armed and fired, operations"),
    ("snapshot NAME", "keep the disk as it is now, with what is pending, under a name"),
    ("restore NAME", "put a kept disk in place of the one there is"),
    ("unmount", "unmount and end"),
  ]

  /// Reads a line without its newline.
  ///
  /// - Throws: `ControlRefusal` with one line that says what is wrong.
  init(parsing line: [UInt8]) throws(ControlRefusal) {
    guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw ControlRefusal("a request is one line of text without control characters")
    }
    let words = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
    guard let name = words.first else { throw ControlRefusal("the request is empty") }
    let rest = Array(words.dropFirst())
    switch name {
    case "crash": self = .crash(try Self.draw(rest))
    case "fault": self = .fault(try Self.fault(rest))
    case "snapshot": self = .snapshot(try Self.name(rest, of: name))
    case "restore": self = .restore(try Self.name(rest, of: name))
    case "clear", "sync", "status", "unmount":
      guard rest.isEmpty else { throw ControlRefusal("\(name) takes no words") }
      self =
        switch name {
        case "clear": .clear
        case "sync": .synchronize
        case "status": .status
        default: .unmount
        }
    default:
      throw ControlRefusal(
        "there is no request \"\(Self.shortened(name))\"; there are crash, fault, clear, sync, "
          + "status, snapshot, restore and unmount")
    }
  }

  private static func draw(_ words: [String]) throws(ControlRefusal) -> PowerLossDraw {
    // `--seed=5` is `--seed 5`, as everywhere.
    let words = words.flatMap {
      $0.hasPrefix("--")
        ? $0.split(separator: "=", maxSplits: 1).map(String.init) : [$0]
    }
    if words.isEmpty { return .none }
    guard words.count == 2 else {
      throw ControlRefusal("crash takes --keep none, --keep all or --seed S, or nothing")
    }
    switch words[0] {
    case "--keep":
      switch words[1] {
      case "none": return .none
      case "all": return .all
      default:
        throw ControlRefusal("--keep takes none or all, not \"\(shortened(words[1]))\"")
      }
    case "--seed":
      guard let seed = Seed(parsing: words[1]) else {
        throw ControlRefusal(
          "--seed takes a decimal number, 0x and hex digits, or a commit hash of 40, not "
            + "\"\(shortened(words[1]))\"")
      }
      return .seeded(seed)
    default: throw ControlRefusal("crash does not know \(shortened(words[0]))")
    }
  }

  /// Every operation of a mount outside a run belongs to request 0, so a fault's request says
  /// nothing here: `*`, or left out.
  private static func fault(_ words: [String]) throws(ControlRefusal) -> Fault {
    var words = words
    if let first = words.first, first.hasPrefix("request=") {
      guard first == "request=*" || first == "request=0" else {
        throw ControlRefusal("a mount has no requests: write request=*, or leave it out")
      }
      words.removeFirst()
    }
    let isBackground = words.first.map { Fault.BackgroundWork(rawValue: $0) != nil } ?? false
    let text = ((isBackground ? [] : ["request=0"]) + words).joined(separator: " ")
    do throws(Fault.SyntaxError) {
      return try Fault(reading: text)
    } catch {
      throw ControlRefusal(
        "that is no fault: \(error); torture list faults shows the forms, as: "
          + "fdatasync *.db nth=1 EIO")
    }
  }

  private static func name(
    _ words: [String], of request: String
  ) throws(ControlRefusal) -> String {
    guard words.count == 1, let name = words.first else {
      throw ControlRefusal("\(request) takes one name")
    }
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, name.utf8.count <= 64 else {
      throw ControlRefusal(
        "a name has up to 64 letters, digits, dots, dashes and underscores, unlike "
          + "\"\(shortened(name))\"")
    }
    return name
  }

  /// Enough of a word to recognise it.
  private static func shortened(_ word: String) -> String {
    word.count > 40 ? word.prefix(40) + "…" : word
  }
}

/// Why a request of `torture control` was not carried out: one line for a person.
struct ControlRefusal: Error, Equatable {
  let message: String

  init(_ message: String) { self.message = message }
}
