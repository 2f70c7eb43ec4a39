import Glibc

/// Something that a program does to a file system, many times.
enum MountWorkload: String, CaseIterable {
  /// 512 bytes at a time over a file of 1 MiB, with an fdatasync at each of its ends.
  case smallWrites = "small-writes"
  /// 512 bytes and an fdatasync, over a file of 1 MiB.
  case writeAndSync = "write+fdatasync"
  /// A file replaced: create, write 512 bytes, fsync, close, rename over.
  case replaceFile = "create+write+fsync+rename"
  /// 1 MiB at a time over a file of 64 MiB, with an fdatasync at each of its ends.
  case largeWrites = "1MiB-writes"
  /// 1 MiB at a time from a file of 64 MiB.
  case largeReads = "1MiB-reads"

  /// How many operations one sample takes.
  var operations: Int {
    switch self {
    case .smallWrites: 20_000
    case .writeAndSync: 12_000
    case .replaceFile: 3_000
    case .largeWrites, .largeReads: 192
    }
  }

  /// Against a real disk, where each barrier takes as long as the device does.
  var nativeOperations: Int {
    switch self {
    case .writeAndSync, .replaceFile: 100
    case .smallWrites, .largeWrites, .largeReads: operations
    }
  }

  private static let small = 512
  private static let large = 1 << 20
  private static let smallFile = 1 << 20
  private static let largeFile = 64 << 20

  /// Does `count` of its operations below `directory`.
  func run(_ count: Int, in directory: String) throws(RunError) {
    switch self {
    case .smallWrites, .writeAndSync: try writeSmall(count, directory)
    case .replaceFile: try replace(count, directory)
    case .largeWrites, .largeReads: try moveLarge(count, directory)
    }
  }

  private func writeSmall(_ count: Int, _ directory: String) throws(RunError) {
    let file = try Self.open(directory + "/small", O_RDWR | O_CREAT)
    defer { close(file) }
    let buffer = Buffer(Self.small)
    for index in 0..<count {
      let offset = index * Self.small % Self.smallFile
      try Self.check(pwrite(file, buffer.base, Self.small, offset) == Self.small, "pwrite")
      if self == .writeAndSync || offset + Self.small == Self.smallFile {
        try Self.check(fdatasync(file) == 0, "fdatasync")
      }
    }
  }

  private func replace(_ count: Int, _ directory: String) throws(RunError) {
    let buffer = Buffer(Self.small)
    let new = directory + "/new"
    let old = directory + "/old"
    for _ in 0..<count {
      let file = try Self.open(new, O_RDWR | O_CREAT | O_EXCL)
      defer { close(file) }
      try Self.check(pwrite(file, buffer.base, Self.small, 0) == Self.small, "pwrite")
      try Self.check(fsync(file) == 0, "fsync")
      try Self.check(rename(new, old) == 0, "rename")
    }
  }

  private func moveLarge(_ count: Int, _ directory: String) throws(RunError) {
    let file = try Self.open(directory + "/large", O_RDWR | O_CREAT)
    defer { close(file) }
    let buffer = Buffer(Self.large)
    if self == .largeReads, lseek(file, 0, SEEK_END) < Self.largeFile {
      for offset in stride(from: 0, to: Self.largeFile, by: Self.large) {
        try Self.check(pwrite(file, buffer.base, Self.large, offset) == Self.large, "pwrite")
      }
      try Self.check(fdatasync(file) == 0, "fdatasync")
    }
    for index in 0..<count {
      let offset = index * Self.large % Self.largeFile
      if self == .largeReads {
        try Self.check(pread(file, buffer.base, Self.large, offset) == Self.large, "pread")
        continue
      }
      try Self.check(pwrite(file, buffer.base, Self.large, offset) == Self.large, "pwrite")
      if offset + Self.large == Self.largeFile {
        try Self.check(fdatasync(file) == 0, "fdatasync")
      }
    }
  }

  /// Writes `total` bytes, `size` at a time, to a new file and makes them durable.
  static func fill(_ directory: String, total: Int, size: Int) throws(RunError) {
    let file = try open(directory + "/filled", O_RDWR | O_CREAT | O_TRUNC)
    defer { close(file) }
    let buffer = Buffer(size)
    for offset in stride(from: 0, to: total, by: size) {
      try check(pwrite(file, buffer.base, size, offset) == size, "pwrite")
    }
    try check(fdatasync(file) == 0, "fdatasync")
  }

  /// Bytes to write, aligned as pages are, and not all the same.
  private final class Buffer {
    let base: UnsafeMutableRawPointer

    init(_ count: Int) {
      base = .allocate(byteCount: count, alignment: 4096)
      for index in 0..<count {
        base.storeBytes(of: UInt8(truncatingIfNeeded: index), toByteOffset: index, as: UInt8.self)
      }
    }

    deinit { base.deallocate() }
  }

  private static func open(_ path: String, _ flags: Int32) throws(RunError) -> Int32 {
    let file = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    try check(file >= 0, "open")
    return file
  }

  private static func check(_ isRight: Bool, _ call: String) throws(RunError) {
    if isRight { return }
    throw .harness("\(call) failed while measuring: \(String(cString: strerror(errno)))")
  }
}
