import ReferenceStore
import StorageInterface

/// Files in memory, read only: a write is refused as on a full disk.
///
/// The fuzzer's bytes are split into files: a name's number (1), how many bytes (3), the bytes.
final class FuzzFiles: Storage {
  private var files: [String: [UInt8]] = [:]
  private var handles: [Int32: [UInt8]] = [:]
  private var next: Int32 = 1

  init(_ input: UnsafeRawBufferPointer) {
    var offset = 0
    while offset + 4 <= input.count {
      let kind = input[offset]
      let count =
        Int(input[offset + 1]) | Int(input[offset + 2]) << 8 | Int(input[offset + 3]) << 16
      let end = min(input.count, offset + 4 + count)
      let number = "0000000000000000000\(1 + kind & 7)"
      let name =
        switch kind >> 6 {
        case 0, 1: "wal-\(number).log"
        case 2: "snapshot-\(number).snap"
        default: "snapshot-\(number).tmp"
        }
      files[name] = Array(input[offset + 4..<end])
      offset = end
    }
  }

  func bytes(_ name: String) -> [UInt8] { files[name] ?? [] }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    guard mode == .read else { throw .noSpace }
    guard let bytes = files[path] else { throw .noSuchFile }
    next += 1
    handles[next] = bytes
    return FileID(rawValue: next)
  }
  func close(_ file: FileID) { handles[file.rawValue] = nil }
  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    guard let bytes = handles[file.rawValue], offset < UInt64(bytes.count) else { return 0 }
    let count = min(buffer.count, bytes.count - Int(offset))
    buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
    return count
  }
  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int { throw .noSpace }
  func size(_ file: FileID) throws(Errno) -> UInt64 { UInt64(handles[file.rawValue]?.count ?? 0) }
  func truncate(_ file: FileID, to size: UInt64) throws(Errno) { throw .noSpace }
  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) { throw .ioError }
  func synchronizeDirectory(_ path: String) throws(Errno) { throw .ioError }
  func rename(_ source: String, to target: String) throws(Errno) { throw .noSpace }
  func remove(_ path: String) throws(Errno) { throw .readOnlyFileSystem }
  func makeDirectory(_ path: String) throws(Errno) { throw .noSpace }
  func list(_ path: String) throws(Errno) -> [String] { files.keys.sorted() }
}

/// CRC32C, bit by bit: it shares nothing with the code under test.
func checksum(_ parts: [ArraySlice<UInt8>]) -> UInt32 {
  var state: UInt32 = .max
  for byte in parts.joined() {
    state ^= UInt32(byte)
    for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
  }
  return ~state
}

/// Stops unless the checksum of the record at `range` of a segment holds.
func requireSealed(_ bytes: [UInt8], _ range: Range<Int>, segment: UInt64) {
  let place = [segment, UInt64(range.lowerBound)].flatMap { number in
    (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }
  let stored = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[range.lowerBound + $1]) << ($1 * 8) }
  let sum = checksum([place[...], bytes[range.lowerBound + 4..<range.upperBound]])
  precondition(sum == stored, "a record is handed out only where its checksum holds")
}

/// One input: inspection tells a verdict for every byte and what an opening serves; what it calls a
/// record has a right checksum; opening, searching and replaying agree with it; nothing traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let files = FuzzFiles(input)
  guard let inspection = try? Inspection(storage: files, listsRecords: true) else { return 0 }
  for file in inspection.files {
    var end = 0
    for extent in file.extents {
      precondition(extent.range.lowerBound == end, "every byte has one verdict")
      end = extent.range.upperBound
      switch extent.verdict {
      case .proven where extent.note != "behind the damage", .unproven, .void, .mark:
        let number = UInt64(file.name.dropFirst(4).prefix(20)) ?? 0
        requireSealed(files.bytes(file.name), extent.range, segment: number)
      default: break
      }
    }
    precondition(end == file.size || file.size == 0, "every byte has a verdict")
  }
  guard let dimension = inspection.dimension else { return 0 }
  let served = try? LogReplay.replay(storage: files, dimension: dimension) { _ in }
  let opened = try? Store(storage: files, options: StoreOptions(dimension: dimension))
  if opened != nil {
    precondition(inspection.failure == nil, "inspection and opening agree")
    _ = try? opened?.visit { _, _, _, _ in }
    let query = [Float](repeating: 1, count: dimension)
    _ = try? opened?.search(query, count: 3, metric: .l2)
  }
  if served != nil { precondition(inspection.failure == nil, "inspection and replay agree") }
  return 0
}
