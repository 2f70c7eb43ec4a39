/// A way in which a medium damages what it holds, or a device misplaces what it was given (disk.md,
/// "Media faults and lying disks are profiles of their own").
public enum MediaFaultKind: String, Sendable, CaseIterable {
  /// One bit of a sector reads as its opposite.
  case bitFlip = "bit-flip"
  /// A sector reads as zeros.
  case zeroedSector = "zeroed-sector"
  /// A sector reads as it did before a write.
  case staleSector = "stale-sector"
  /// A write went to another place of its file: that place shows it, its own what was there before.
  case misdirectedWrite = "misdirected-write"
  /// A write went nowhere: its place shows what was there before.
  case lostWrite = "lost-write"

  /// One line for people.
  public var meaning: String {
    switch self {
    case .bitFlip: "one bit of a sector of that write is flipped"
    case .zeroedSector: "a sector of that write reads as zeros"
    case .staleSector: "a sector of that write reads as it did before it"
    case .misdirectedWrite: "the write went to another sector of its file"
    case .lostWrite: "the write, though acknowledged by the device, went nowhere"
    }
  }
}

/// One damage to the image that a power cut left.
///
/// It is keyed to the write whose bytes it hits, by the write's place in the recording. Its text
/// form is one word: `bit-flip:write=12:sector=3:detail=77`.
public struct MediaFault: Sendable, Equatable {
  /// What happened.
  public var kind: MediaFaultKind
  /// The place of the write in the epoch's recording, from 1.
  public var write: Int
  /// The sector of the file that is hit; for a whole write its first.
  public var sector: Int
  /// The bit within the sector (`bit-flip`), or the sector of the file that was written instead
  /// (`misdirected-write`); else 0.
  public var detail: Int

  /// Makes a damage.
  public init(_ kind: MediaFaultKind, write: Int, sector: Int, detail: Int = 0) {
    self.kind = kind
    self.write = write
    self.sector = sector
    self.detail = detail
  }

  /// The text form.
  public var text: String { "\(kind.rawValue):write=\(write):sector=\(sector):detail=\(detail)" }

  /// Reads the text form; nil when `text` is none.
  public init?(parsing text: String) {
    let fields = text.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 4, let kind = MediaFaultKind(rawValue: String(fields[0])) else {
      return nil
    }
    var numbers: [Int] = []
    for (field, name) in zip(fields[1...], ["write=", "sector=", "detail="]) {
      guard field.hasPrefix(name), let number = Int(field.dropFirst(name.count)), number >= 0 else {
        return nil
      }
      numbers.append(number)
    }
    self.init(kind, write: numbers[0], sector: numbers[1], detail: numbers[2])
  }
}
