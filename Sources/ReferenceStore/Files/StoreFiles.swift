internal import StorageInterface

/// The names of the store's files, one directory, nothing below it.
enum StoreFileName: Equatable {
  /// `wal-<20 digits>.log`: the segment of that number.
  case segment(SegmentNumber)
  /// `snapshot-<20 digits>.snap`: the complete snapshot of that checkpoint.
  case snapshot(UInt64)
  /// `snapshot-<20 digits>.tmp`: a snapshot being written; of no meaning to recovery.
  case temporary(UInt64)

  /// What `name` is, or nil when it is not a file of the store.
  init?(_ name: String) {
    var name = name
    let parsed = name.withUTF8 { bytes -> StoreFileName? in
      if let value = Self.number(in: bytes, Self.segmentPrefix, Self.segmentSuffix) {
        return .segment(SegmentNumber(rawValue: value))
      } else if let value = Self.number(in: bytes, Self.snapshotPrefix, Self.snapshotSuffix) {
        return .snapshot(value)
      } else if let value = Self.number(in: bytes, Self.snapshotPrefix, Self.temporarySuffix) {
        return .temporary(value)
      }
      return nil
    }
    guard let parsed else { return nil }
    self = parsed
  }

  /// The name.
  var path: String {
    switch self {
    case .segment(let number):
      Self.text(Self.segmentPrefix, number.rawValue, Self.segmentSuffix)
    case .snapshot(let number): Self.text(Self.snapshotPrefix, number, Self.snapshotSuffix)
    case .temporary(let number): Self.text(Self.snapshotPrefix, number, Self.temporarySuffix)
    }
  }

  private static let segmentPrefix: StaticString = "wal-"
  private static let segmentSuffix: StaticString = ".log"
  private static let snapshotPrefix: StaticString = "snapshot-"
  private static let snapshotSuffix: StaticString = ".snap"
  private static let temporarySuffix: StaticString = ".tmp"
  /// As many digits as the highest number has.
  private static var digitCount: Int { 20 }

  /// The number between `prefix` and `suffix` of a name; nil where it is no such name.
  private static func number(
    in name: UnsafeBufferPointer<UInt8>, _ prefix: StaticString, _ suffix: StaticString
  ) -> UInt64? {
    let head = prefix.utf8CodeUnitCount
    let tail = suffix.utf8CodeUnitCount
    guard name.count == head + digitCount + tail else { return nil }
    for index in 0..<head where name[index] != prefix.utf8Start[index] { return nil }
    for index in 0..<tail where name[head + digitCount + index] != suffix.utf8Start[index] {
      return nil
    }
    var value: UInt64 = 0
    for index in head..<head + digitCount {
      let digit = name[index]
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, alsoTooBig) = product.addingReportingOverflow(UInt64(digit - 0x30))
      if tooBig || alsoTooBig { return nil }
      value = sum
    }
    // 0 stands for "none" and the highest number has no next one.
    return value == 0 || value == .max ? nil : value
  }

  /// A name in one piece: opening a store of a few segments spends more on names put together from
  /// strings than on reading its records.
  private static func text(
    _ prefix: StaticString, _ value: UInt64, _ suffix: StaticString
  ) -> String {
    let head = prefix.utf8CodeUnitCount
    let tail = suffix.utf8CodeUnitCount
    let count = head + digitCount + tail
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { bytes in
      for index in 0..<head { bytes[index] = prefix.utf8Start[index] }
      for index in head..<head + digitCount { bytes[index] = 0x30 }
      var rest = value
      var index = head + digitCount
      while rest > 0 {
        index -= 1
        bytes[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      for index in 0..<tail { bytes[head + digitCount + index] = suffix.utf8Start[index] }
      return String(decoding: UnsafeBufferPointer(bytes), as: UTF8.self)
    }
  }
}

/// The storage with errors that say what failed where. Calls no more than it must.
struct StoreFiles {
  /// What it stands on.
  let storage: any Storage

  /// Every name in the directory.
  func list() throws(StoreError) -> [String] {
    do throws(Errno) { return try storage.list("") } catch {
      throw StoreError(error, path: "", doing: "list")
    }
  }

  /// The size of an open file.
  func size(_ file: FileID, path: String) throws(StoreError) -> UInt64 {
    do throws(Errno) { return try storage.size(file) } catch {
      throw StoreError(error, path: path, doing: "measure")
    }
  }

  /// Reserves room for a file; false where the storage cannot. Volatile.
  func allocate(_ file: FileID, size: UInt64, path: String) throws(StoreError) -> Bool {
    do throws(Errno) {
      try storage.allocate(file, size: size)
      return true
    } catch {
      if error == .notSupported || error == .notImplemented || error == .invalidArgument {
        return false
      }
      throw StoreError(error, path: path, doing: "reserve room")
    }
  }

  /// A private mapping of a whole file; nil where the storage makes none.
  func map(_ path: String, count: Int) throws(StoreError) -> UnsafeMutableRawBufferPointer? {
    let file = try open(path, .read)
    defer { storage.close(file) }
    do throws(Errno) {
      return try storage.map(file, count: count)
    } catch {
      // Reading does what mapping would have done.
      return nil
    }
  }

  /// Makes this store the only writer of the directory.
  func lock() throws(StoreError) {
    do throws(Errno) { try storage.lockDirectory() } catch {
      if error == .again { throw .locked }
      throw StoreError(error, path: "", doing: "lock")
    }
  }

  /// Opens a file.
  func open(_ path: String, _ mode: OpenMode) throws(StoreError) -> FileID {
    do throws(Errno) { return try storage.open(path, mode) } catch {
      throw StoreError(error, path: path, doing: "open")
    }
  }

  /// Writes all of `bytes`, going on after a short write. Volatile. After an error, any prefix may
  /// have been written.
  func write(_ bytes: RawSpan, to file: FileID, at offset: UInt64, path: String)
    throws(StoreError)
  {
    var done = 0
    while done < bytes.byteCount {
      do throws(Errno) {
        done += try bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
          (buffer) throws(Errno) -> Int in
          try storage.write(file, at: offset + UInt64(done), buffer)
        }
      } catch {
        throw StoreError(error, path: path, doing: "write")
      }
    }
  }

  /// A barrier for a file's content and size.
  func synchronize(_ file: FileID, path: String) throws(StoreError) {
    do throws(Errno) { try storage.synchronize(file, dataOnly: true) } catch {
      throw StoreError(error, path: path, doing: "synchronize")
    }
  }

  /// A barrier for the names.
  func synchronizeDirectory() throws(StoreError) {
    do throws(Errno) { try storage.synchronizeDirectory("") } catch {
      throw StoreError(error, path: "", doing: "synchronize the directory")
    }
  }

  /// Renames a file. Volatile.
  func rename(_ source: String, to target: String) throws(StoreError) {
    do throws(Errno) { try storage.rename(source, to: target) } catch {
      throw StoreError(error, path: source, doing: "rename")
    }
  }

  /// Tries to remove a file that nothing needs, and tells whether it is gone.
  ///
  /// An error is no reason to fail: the file only takes room, and will be tried again.
  func discard(_ path: String) -> Bool {
    do throws(Errno) {
      try storage.remove(path)
      return true
    } catch {
      return error == .noSuchFile
    }
  }
}
