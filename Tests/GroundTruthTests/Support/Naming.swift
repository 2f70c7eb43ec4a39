import Glibc

/// How the laboratory names what it reads after a crash: the functions of its `workloads.py`, one
/// to one.
enum Naming {
  /// The bytes that the laboratory filled free space with beforehand: stale content shows as these.
  static let stale: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF]
  /// The size of a page, which is also the block size of every file system measured.
  static let page = 4096

  /// `count` bytes of the letter `letter`.
  static func fill(_ letter: Character, _ count: Int) -> [UInt8] {
    [UInt8](repeating: letter.asciiValue ?? 0x3F, count: count)
  }

  /// Runs of one letter as that letter (`rle`).
  static func runs(_ letters: [Character]) -> String {
    var result = ""
    for letter in letters where result.last != letter { result.append(letter) }
    return result
  }

  /// Runs of bytes: `D` where they are the expected ones, `0` where they are zero instead, else
  /// `X`.
  static func byteRuns(_ bytes: [UInt8], _ expected: [UInt8]) -> String {
    let end = min(bytes.count, expected.count)
    var letters: [UInt8] = []
    var position = 0
    while position < end {
      let part = position..<min(position + 512, end)
      position = part.upperBound
      if equal(bytes, expected, part) {
        if letters.last != 0x44 { letters.append(0x44) }
        continue
      }
      let hasZeros = expected.withUnsafeBytes {
        $0.baseAddress.flatMap { memchr($0 + part.lowerBound, 0, part.count) } != nil
      }
      if !hasZeros && isZero(bytes, part) {
        if letters.last != 0x30 { letters.append(0x30) }
        continue
      }
      for index in part {
        let letter: UInt8 =
          bytes[index] == expected[index] ? 0x44 : bytes[index] == 0 ? 0x30 : 0x58
        if letters.last != letter { letters.append(letter) }
      }
    }
    return String(decoding: letters, as: UTF8.self)
  }

  /// The class of each part of `step` bytes (`sect`): the letter of the first candidate with these
  /// bytes at this place, `0` for zeros, `S` and `s` for stale content, `m` for a mixture.
  static func sectors(
    _ bytes: [UInt8], _ candidates: [(letter: Character, bytes: [UInt8])], step: Int = 512
  ) -> [Character] {
    stride(from: 0, to: bytes.count, by: step).map { start in
      let end = min(start + step, bytes.count)
      let part = start..<end
      if let found = candidates.first(where: { equal(bytes, $0.bytes, part) }) {
        return found.letter
      }
      if isZero(bytes, part) { return "0" }
      if bytes[part].allSatisfy(stale.contains) { return "S" }
      return containsStale(bytes, part) ? "s" : "m"
    }
  }

  /// What `bytes` are beside the whole new and the whole old content (`content`).
  static func content(_ bytes: [UInt8]?, new: [UInt8], old: [UInt8]? = nil) -> String {
    guard let bytes else { return "absent" }
    if same(bytes, new) { return "new" }
    if let old, same(bytes, old) { return "old" }
    if bytes.isEmpty { return "empty" }
    var candidates: [(letter: Character, bytes: [UInt8])] = [("N", new)]
    if let old { candidates.append(("O", old)) }
    let size =
      if bytes.count == new.count {
        "size=new"
      } else if bytes.count == old?.count {
        "size=old"
      } else {
        bytes.count < new.count ? "size<new" : "size>new"
      }
    return runs(sectors(bytes, candidates)) + " " + size
  }

  /// Whether two contents are the same.
  static func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && equal(left, right, 0..<left.count)
  }

  /// Whether a file is there and has this content.
  static func holds(_ bytes: [UInt8]?, _ content: [UInt8]) -> Bool {
    bytes.map { same($0, content) } ?? false
  }

  /// Whether two contents agree within `range`; what lies behind an end agrees with nothing.
  static func equal(_ left: [UInt8], _ right: [UInt8], _ range: Range<Int>) -> Bool {
    guard range.upperBound <= left.count, range.upperBound <= right.count else { return false }
    return left.withUnsafeBytes { a in
      right.withUnsafeBytes { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return range.isEmpty }
        return memcmp(a + range.lowerBound, b + range.lowerBound, range.count) == 0
      }
    }
  }

  /// Whether the first `count` bytes of both are the same, as Python's slices compare: one that is
  /// shorter than the other differs.
  static func equalHeads(_ left: [UInt8], _ right: [UInt8], _ count: Int) -> Bool {
    let a = min(count, left.count)
    return a == min(count, right.count) && equal(left, right, 0..<a)
  }

  /// How many bytes from the start on agree.
  static func commonPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
    let end = min(left.count, right.count)
    var count = 0
    while count + 64 <= end, equal(left, right, count..<count + 64) { count += 64 }
    while count < end, left[count] == right[count] { count += 1 }
    return count
  }

  /// Whether `range` of `bytes` holds zeros only.
  static func isZero(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + zeros.count, range.upperBound)
      let same = bytes.withUnsafeBytes { a in
        zeros.withUnsafeBytes { b in
          guard let a = a.baseAddress, let b = b.baseAddress else { return true }
          return memcmp(a + start, b, end - start) == 0
        }
      }
      if !same { return false }
      start = end
    }
    return true
  }

  /// Whether the stale pattern stands anywhere within `range` of `bytes`.
  static func containsStale(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    var start = range.lowerBound
    while let first = firstStale(bytes, start..<range.upperBound) {
      if first + stale.count <= range.upperBound,
        bytes[first..<first + stale.count].elementsEqual(stale)
      {
        return true
      }
      start = first + 1
    }
    return false
  }

  /// The first place within `range` that holds the first byte of the stale pattern.
  private static func firstStale(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress, !range.isEmpty,
        let found = memchr(base + range.lowerBound, Int32(stale[0]), range.count)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Whether the stale pattern stands anywhere in `bytes`.
  static func containsStale(_ bytes: [UInt8]) -> Bool { containsStale(bytes, 0..<bytes.count) }

  private static let zeros = [UInt8](repeating: 0, count: 4096)
}
