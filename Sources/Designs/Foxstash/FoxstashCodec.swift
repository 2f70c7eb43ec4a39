internal import CISAL

/// How foxstash-core compresses checkpoints; lz4 and zstd are optional features of the crate.
enum FoxstashCodec: String, CaseIterable {
  case none = "None"
  case gzip = "Gzip"

  private var number: UInt8 { self == .none ? 0 : 1 }

  /// The codec's number, the version 1, two bytes of zero; then the data, as gzip or as it is.
  ///
  /// The container is the crate's; how deflate divides the data into blocks is the compressor's own
  /// choice (there flate2's, here ISA-L's), and any reader of gzip takes either.
  func compress(_ data: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [number, 1, 0, 0]
    switch self {
    case .none: return header + data
    case .gzip: return header + Gzip.compress(data)
    }
  }

  /// The data, or nil where `bytes` are none of the above.
  static func decompress(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= 4, bytes[1] == 1 else { return nil }
    switch bytes[0] {
    case 0: return Array(bytes[4...])
    case 1: return Gzip.decompress(Array(bytes[4...]))
    default: return nil
    }
  }
}

/// gzip (RFC 1952) by ISA-L.
private enum Gzip {
  static func compress(_ data: [UInt8]) -> [UInt8] {
    // ISA-L writes at worst a stored block: a few bytes for each 64 KiB, and the gzip header.
    let room = data.count + data.count / 1024 + 512
    return [UInt8](unsafeUninitializedCapacity: room) { output, count in
      data.withUnsafeBytes { input in
        count = Int(cisal_gzip(input.baseAddress, input.count, output.baseAddress, room))
      }
    }
  }

  static func decompress(_ bytes: [UInt8]) -> [UInt8]? {
    var room = max(4096, bytes.count * 8)
    while room <= 1 << 30 {
      var status = 0
      let data = [UInt8](unsafeUninitializedCapacity: room) { output, count in
        bytes.withUnsafeBytes { input in
          status = Int(cisal_gunzip(input.baseAddress, input.count, output.baseAddress, room))
          count = max(0, status)
        }
      }
      if status >= 0 { return data }
      // −2: it did not fit.
      guard status == -2 else { return nil }
      room *= 8
    }
    return nil
  }
}
