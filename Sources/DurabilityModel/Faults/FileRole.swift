/// What a file is for, derived from its name: digits and process numbers are masked, so that
/// `wal-00000017.log` and `wal-00000018.log` have the same role, `wal-#.log`.
///
/// Runs of hexadecimal digits of eight or more count as digits. Roles key faults, histories and
/// coverage; raw names never do.
public struct FileRole: Hashable, Sendable, CustomStringConvertible {
  /// The masked name; `/` is the world's root directory.
  public let name: String

  /// Makes a role of its masked name.
  public init(name: String) { self.name = name }

  /// The role of a file called `name`.
  public init(masking name: [UInt8]) {
    if name.isEmpty {
      self.name = "/"
      return
    }
    var masked: [UInt8] = []
    var index = 0
    while index < name.count {
      var end = index
      while end < name.count, Self.isHexDigit(name[end]) { end += 1 }
      let isHexRun = end - index >= 8
      if !isHexRun {
        end = index
        while end < name.count, name[end] >= 0x30, name[end] <= 0x39 { end += 1 }
      }
      if end > index {
        masked.append(0x23)
        index = end
      } else {
        // A space would end a word in a fault's text form.
        masked.append(name[index] > 0x20 ? name[index] : 0x5F)
        index += 1
      }
    }
    self.name = String(decoding: masked, as: UTF8.self)
  }

  /// Two roles are the same when their bytes are: Swift's strings would also take two spellings of
  /// one letter for equal, which are two files.
  public static func == (left: FileRole, right: FileRole) -> Bool {
    left.name.utf8.elementsEqual(right.name.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in name.utf8 { hasher.combine(byte) }
  }

  /// The same as `name`.
  public var description: String { name }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
  }
}
