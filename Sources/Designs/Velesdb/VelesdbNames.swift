internal import StorageInterface

/// The names of ids: velesdb's are numbers, which the application gives out in order and keeps in a
/// file of its own. A name is durable before its number is used, so nothing is ever lost to it.
struct VelesdbNames {
  static let name = "application.ids"

  private let file: RustFile
  private(set) var names: [[UInt8]] = []
  private var numbers: [[UInt8]: UInt64] = [:]

  init(_ directory: DesignDirectory) throws(DesignError) {
    file = try doing(Self.name) { () throws(Errno) in try directory.openAppend(Self.name) }
    let bytes = try doing(Self.name) { () throws(Errno) in try directory.read(Self.name) }
    var end = 0
    while let name = Self.name(in: bytes, at: end) {
      add(name)
      end += 8 + name.count
    }
    guard end < bytes.count else { return }
    let size = UInt64(end)
    try doing(Self.name) { () throws(Errno) in
      try file.setLength(size)
      try file.syncAll()
    }
  }

  /// The number of `name`, if it has one.
  func number(_ name: [UInt8]) -> UInt64? { numbers[name] }

  /// The number of `name`; a new one is durable when this returns.
  mutating func assign(_ name: [UInt8]) throws(DesignError) -> UInt64 {
    if let number = numbers[name] { return number }
    let body = UInt32(name.count).littleEndianBytes + name
    let size = try doing(Self.name) { () throws(Errno) in try file.length() }
    do throws(Errno) {
      try file.writeAll(body + CRC32.checksum(body).littleEndianBytes)
      try file.syncAll()
    } catch {
      // A number that may not be durable is not given out, and no torn name is written behind.
      try? file.setLength(size)
      throw DesignError(error, doing: Self.name)
    }
    return add(name)
  }

  func close() { file.close() }

  @discardableResult
  private mutating func add(_ name: [UInt8]) -> UInt64 {
    let number = UInt64(names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  private static func name(in bytes: [UInt8], at offset: Int) -> [UInt8]? {
    guard bytes.count - offset >= 8 else { return nil }
    let length = Int(UInt32(littleEndianBytes: bytes[offset..<offset + 4]))
    guard length <= bytes.count - offset - 8 else { return nil }
    let body = Array(bytes[offset..<offset + 4 + length])
    let checksum = Array(bytes[offset + 4 + length..<offset + 8 + length])
    guard CRC32.checksum(body).littleEndianBytes == checksum else { return nil }
    return Array(body[4...])
  }
}
