/// A record of velesdb-core's log, each with a CRC-32 behind it.
enum VelesdbFrame: Equatable {
  case store(id: UInt64, data: [UInt8])
  case delete(id: UInt64)

  /// The record without its checksum: what the checksum covers.
  var body: [UInt8] {
    switch self {
    case .store(let id, let data):
      [1] + id.littleEndianBytes + UInt32(truncatingIfNeeded: data.count).littleEndianBytes + data
    case .delete(let id): [2] + id.littleEndianBytes
    }
  }

  /// The record's checksum.
  var checksum: [UInt8] { CRC32.checksum(body).littleEndianBytes }

  /// The records at the start of `bytes`, up to the first that is not whole and right.
  static func decode(_ bytes: [UInt8]) -> [VelesdbFrame] {
    var frames: [VelesdbFrame] = []
    var offset = 0
    while offset < bytes.count, let (frame, length) = first(in: bytes[offset...]) {
      frames.append(frame)
      offset += length
    }
    return frames
  }

  private static func first(in bytes: ArraySlice<UInt8>) -> (VelesdbFrame, Int)? {
    guard let operation = bytes.first, bytes.count >= 13 else { return nil }
    let start = bytes.startIndex
    let id = UInt64(littleEndianBytes: bytes[start + 1..<start + 9])
    let frame: VelesdbFrame
    switch operation {
    case 1:
      let length = Int(UInt32(littleEndianBytes: bytes[start + 9..<start + 13]))
      guard length <= bytes.count - 17 else { return nil }
      frame = .store(id: id, data: Array(bytes[start + 13..<start + 13 + length]))
    case 2: frame = .delete(id: id)
    default: return nil
    }
    let body = frame.body.count
    guard Array(bytes[start + body..<start + body + 4]) == frame.checksum else { return nil }
    return (frame, body + 4)
  }
}
