/// What one power cut kept of the pending operations: the whole of the chance in a crash state.
///
/// It is aligned with a disk's queues at the crash point, so that the same recording and the same
/// choice give the same image, always. `text` and `init(parsing:)` are its one-line form in a
/// schedule.
public struct PowerLossChoice: Sendable, Equatable {
  /// For each pending entry operation, in issue order, whether it was kept. Closed under
  /// dependence.
  public var names: [Bool]
  /// For each pending change of attributes, in issue order, whether it was kept; empty where all
  /// were.
  public var attributes: [Bool]
  /// The files with pending data or sizes, by inode number.
  public var files: [FileChoice]

  /// What was kept of one file.
  public struct FileChoice: Sendable, Equatable {
    /// The file.
    public var inode: InodeNumber
    /// For each pending data item, in issue order, what was kept of it.
    public var data: [KeptData]
    /// The size: 0 for the durable one, else the pending one of that number (1 for the first).
    public var size: Int
    /// Where set, the size in bytes instead: an append that ended at a byte. It is the append
    /// behind the pending size of number `size`, or with 0 the first one that passed there.
    public var exactSize: UInt64?
    /// What never-synced space below the size holds.
    public var garbage: GarbageKind
    /// Which variant of the garbage, for the kinds that have several.
    public var garbageSeed: UInt64
    /// The sector that was in flight and holds garbage where it was being written.
    public var damagedSector: Int?

    /// Makes a choice for one file.
    public init(
      inode: InodeNumber, data: [KeptData], size: Int, exactSize: UInt64? = nil,
      garbage: GarbageKind = .zeros, garbageSeed: UInt64 = 0
    ) {
      self.inode = inode
      self.data = data
      self.size = size
      self.exactSize = exactSize
      self.garbage = garbage
      self.garbageSeed = garbageSeed
    }
  }

  /// What was kept of one pending data item.
  public enum KeptData: Sendable, Equatable {
    /// Nothing.
    case none
    /// All of it.
    case all
    /// Its sectors of these numbers within the file, in rising order.
    case sectors([Int])
  }

  /// Makes a choice.
  public init(names: [Bool], attributes: [Bool] = [], files: [FileChoice]) {
    self.names = names
    self.attributes = attributes
    self.files = files
  }

  /// The one-line form.
  public var text: String {
    var parts = ["names=" + names.map { $0 ? "1" : "0" }.joined()]
    if !attributes.isEmpty {
      parts.append("attributes=" + attributes.map { $0 ? "1" : "0" }.joined())
    }
    for file in files {
      let data = file.data.map { kept in
        switch kept {
        case .none: "0"
        case .all: "1"
        case .sectors(let sectors): "[" + sectors.map(String.init).joined(separator: ".") + "]"
        }
      }
      // `@77` ends at byte 77; `2@77` in the append behind the second size.
      let size =
        file.exactSize.map { (file.size > 0 ? "\(file.size)" : "") + "@\($0)" }
        ?? "\(file.size)"
      parts.append(
        "file=\(file.inode.rawValue):data=\(data.joined(separator: ",")):size=\(size)"
          + ":garbage=\(file.garbage.rawValue)/\(file.garbageSeed)"
          + (file.damagedSector.map { ":damaged=\($0)" } ?? ""))
    }
    return parts.joined(separator: " ")
  }

  /// Reads the one-line form; nil when `text` is none.
  public init?(parsing text: String) {
    attributes = []
    files = []
    let parts = text.split(separator: " ")
    guard let first = parts.first, let marks = Self.marks(first, behind: "names=") else {
      return nil
    }
    names = marks
    for (index, part) in parts.enumerated().dropFirst() {
      if index == 1, part.hasPrefix("attributes=") {
        guard let marks = Self.marks(part, behind: "attributes="), !marks.isEmpty else {
          return nil
        }
        attributes = marks
      } else {
        guard let file = FileChoice(parsing: part) else { return nil }
        files.append(file)
      }
    }
  }

  private static func marks(_ part: Substring, behind prefix: String) -> [Bool]? {
    guard part.hasPrefix(prefix) else { return nil }
    var marks: [Bool] = []
    for digit in part.utf8.dropFirst(prefix.utf8.count) {
      guard digit == 0x30 || digit == 0x31 else { return nil }
      marks.append(digit == 0x31)
    }
    return marks
  }
}

extension PowerLossChoice.FileChoice {
  fileprivate init?(parsing part: Substring) {
    let fields = part.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 4 || fields.count == 5, fields[0].hasPrefix("file="),
      fields[1].hasPrefix("data="),
      fields[2].hasPrefix("size="), fields[3].hasPrefix("garbage="),
      let number = UInt32(fields[0].dropFirst(5))
    else { return nil }
    inode = InodeNumber(number)
    data = []
    for item in fields[1].dropFirst(5).split(separator: ",") {
      if item == "0" {
        data.append(.none)
      } else if item == "1" {
        data.append(.all)
      } else {
        guard item.hasPrefix("["), item.hasSuffix("]") else { return nil }
        let numbers = item.dropFirst().dropLast().split(separator: ".").map { Int($0) }
        let sectors = numbers.compactMap { $0 }
        guard sectors.count == numbers.count else { return nil }
        data.append(.sectors(sectors))
      }
    }
    let sizeText = fields[2].dropFirst(5)
    if let at = sizeText.firstIndex(of: "@") {
      let base = sizeText[..<at]
      guard let exact = UInt64(sizeText[sizeText.index(after: at)...]),
        let version = base.isEmpty ? 0 : Int(base), version >= 0
      else { return nil }
      (size, exactSize) = (version, exact)
    } else {
      guard let version = Int(sizeText), version >= 0 else { return nil }
      (size, exactSize) = (version, nil)
    }
    let garbageParts = fields[3].dropFirst(8).split(separator: "/")
    guard garbageParts.count == 2, let kind = GarbageKind(rawValue: String(garbageParts[0])),
      let seed = UInt64(garbageParts[1])
    else { return nil }
    (garbage, garbageSeed) = (kind, seed)
    if fields.count == 5 {
      guard fields[4].hasPrefix("damaged="), let sector = Int(fields[4].dropFirst(8)), sector >= 0
      else { return nil }
      damagedSector = sector
    }
  }
}

extension PowerLossChoice {
  /// Whether a pending operation was dropped, in whole or in part.
  public var dropsAnything: Bool {
    names.contains(false) || attributes.contains(false)
      || files.contains { $0.data.contains { $0 != .all } }
  }

  /// Whether something that was pending was kept.
  public var keepsAnything: Bool {
    names.contains(true) || attributes.contains(true)
      || files.contains { $0.size > 0 || $0.exactSize != nil || $0.data.contains { $0 != .none } }
  }

  /// Whether part of a write was kept.
  public var tearsAnything: Bool {
    files.contains { file in
      file.exactSize != nil || file.damagedSector != nil
        || file.data.contains {
          if case .sectors = $0 { return true }
          return false
        }
    }
  }
}
