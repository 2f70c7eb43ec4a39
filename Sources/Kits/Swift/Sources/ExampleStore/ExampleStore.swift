package import SubjectKit

/// A store that holds: a dictionary in memory, and a file that every change is appended to.
///
/// The file `log` is a sequence of frames: length, CRC-32, changes. The first one is a snapshot,
/// which begins with the log's number. A change is answered when its frame is synced. The CRC
/// covers where a frame lies and which log it belongs to, so that old bytes of a disk are never
/// taken for new ones. Opening writes what was read to a new file, syncs it, renames it over the
/// old one, and syncs the directory: cutting a torn tail off in place would trust what a failed
/// fsync left in the cache. After an error nothing is written any more.
package final class ExampleStore: TortureStore {
  package static let description = SubjectDescription(
    "example-swift",
    Contract(
      barriers: [.flush, .close], afterFailedBarrier: .stops, recoveredIsDurable: true,
      detects: ["torn-write", "bit-rot"]),
    features: [.metadata, .namespaces, .nonFinite, .nulIDs])

  private let files: any Storage
  private var file: FileID
  private var number: UInt64 = 0
  private var end: UInt64 = 0
  private var hasFailed = false
  private var values: [RecordKey: RecordValue] = [:]

  package init(files: any Storage, options: StoreOptions) throws {
    self.files = files
    file = FileID(rawValue: -1)
    if let log = try files.contents(of: "log") { try load(log) }
    number += 1
    var body = Bytes()
    body.add(number)
    for key in values.keys.sorted() { body.add(key, values[key]) }
    // A file that an earlier try left is not written over, but goes: its errors with it.
    if try files.list("").contains("log.new") { try files.remove("log.new") }
    file = try files.open("log.new", .createNew)
    do {
      try append(body.bytes, log: 0)
      try files.rename("log.new", to: "log")
      try files.synchronizeDirectory("")
    } catch {
      files.close(file)
      throw error
    }
  }

  private func load(_ log: [UInt8]) throws {
    guard let first = frame(log, number: 0, at: 0) else {
      throw StoreFailure(.corrupt, "the snapshot's checksum is wrong")
    }
    var body = Bytes(log[first])
    number = body.takeNumber()
    apply(body)
    var offset = first.upperBound
    while let next = frame(log, number: number, at: offset) {
      apply(Bytes(log[next]))
      offset = next.upperBound
    }
    // A frame is begun when the one before is synced: behind a torn one there is none.
    let isProof = { self.frame(log, number: self.number, at: $0) != nil }
    if (offset..<log.count).dropFirst().contains(where: isProof) {
      throw StoreFailure(.corrupt, "a frame before the last has a wrong checksum")
    }
  }

  /// Where the body of the frame at `offset` lies; nil where there is none.
  private func frame(_ log: [UInt8], number: UInt64, at offset: Int) -> Range<Int>? {
    guard offset + 16 <= log.count else { return nil }
    var head = Bytes(log[offset..<offset + 16])
    let (length, sum) = (head.takeNumber(), head.takeNumber())
    guard length <= UInt64(log.count - offset - 16) else { return nil }
    let body = offset + 16..<offset + 16 + Int(length)
    return sum == checksum(log[body], number, UInt64(offset)) ? body : nil
  }

  /// Appends a frame and syncs it.
  private func append(_ body: [UInt8], log number: UInt64) throws(Errno) {
    var frame = Bytes()
    frame.add(UInt64(body.count))
    frame.add(checksum(body[...], number, end))
    try files.writeAll(frame.bytes + body, to: file, at: end)
    try files.synchronize(file, dataOnly: false)
    end += UInt64(16 + body.count)
  }

  private func change(_ key: RecordKey, _ value: RecordValue?) throws {
    if hasFailed { throw StoreFailure(.readOnly, "an earlier change failed; open it again") }
    var body = Bytes()
    body.add(key, value)
    do {
      try append(body.bytes, log: number)
    } catch {
      hasFailed = true
      throw error
    }
    values[key] = value
  }

  private func apply(_ body: Bytes) {
    var body = body
    while let (key, value) = body.takeChange() { values[key] = value }
  }

  package func put(_ key: RecordKey, _ value: RecordValue) throws { try change(key, value) }

  package func delete(_ key: RecordKey) throws { try change(key, nil) }

  package func get(_ key: RecordKey) -> RecordValue? { values[key] }

  package func records() -> [(key: RecordKey, value: RecordValue)] {
    values.keys.sorted().compactMap { key in values[key].map { (key, $0) } }
  }

  package func flush() throws {
    // Every change was synced before it was answered.
    if hasFailed { throw StoreFailure(.io, "an earlier change failed") }
  }

  package func close() { files.close(file) }

  private func checksum(_ body: ArraySlice<UInt8>, _ number: UInt64, _ offset: UInt64) -> UInt64 {
    var place = Bytes()
    place.add(number)
    place.add(offset)
    place.add(UInt64(body.count))
    var crc = UInt32.max
    for byte in place.bytes + body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return UInt64(~crc)
  }
}
