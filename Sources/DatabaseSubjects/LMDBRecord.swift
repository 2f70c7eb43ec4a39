import CLMDB
import Determinism
import Glibc
import SubjectProtocol

/// A record as LMDB keeps it. Its keys have at most 511 bytes, fewer than an id may have: a longer
/// id is cut and carries a digest of the whole, and the value begins with the id itself.
enum LMDBRecord {
  private static let longest = 500

  /// The key of the record `id`.
  static func key(_ id: [UInt8]) -> [UInt8] {
    if id.count <= longest { return [0] + id }
    var hasher = DigestHasher()
    hasher.combine(id)
    return [1] + id.prefix(longest - 32) + Array(hasher.finish().text.utf8)
  }

  static func encode(_ id: [UInt8], _ value: RecordValue) -> [UInt8] {
    [UInt8(id.count >> 8), UInt8(id.count & 0xFF)] + id + StoredRecord.encode(value)
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DatabaseError) -> (id: [UInt8], value: RecordValue) {
    guard bytes.count >= 2 else { throw .notARecord }
    let end = 2 + (Int(bytes[0]) << 8 | Int(bytes[1]))
    guard bytes.count >= end else { throw .notARecord }
    let record = try StoredRecord.decode(UnsafeRawBufferPointer(rebasing: bytes[end...]))
    return (try StoredRecord.id(Array(bytes[2..<end])), record)
  }
}

extension DatabaseError {
  /// The protocol's error for a result of LMDB: errno, or a number of its own.
  init(lmdb status: Int32) {
    let kind: FailureKind =
      switch status {
      case ENOSPC, EDQUOT, MDB_MAP_FULL, MDB_TXN_FULL, MDB_DBS_FULL: .full
      case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_CURSOR_FULL:
        .corrupt
      case EROFS, EACCES: .readOnly
      case MDB_BAD_VALSIZE, EINVAL: .invalid
      default: .io
      }
    self.init(kind: kind, message: "\(String(cString: mdb_strerror(status))) (\(status))")
  }
}
