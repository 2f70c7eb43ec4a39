@testable import DurabilityModel

/// What the laboratory did beside a workload, where the workload's `step` allows it.
struct Noise: Sendable {
  /// One disturbance.
  enum Kind: Sendable {
    case nothing
    /// `sync_file_range` of every open file, or the kernel's own background write-back.
    case writeBack
    /// A write to another file and its fsync.
    case unrelatedFsync
    /// syncfs from another thread.
    case syncfs
  }

  /// What happens at each step in turn; nothing once they are used up.
  var kinds: [Kind]

  /// An undisturbed run.
  static let none = Noise(kinds: [])
}

extension Laboratory {
  /// A place at which the laboratory disturbed the workload (`step`).
  func step() throws {
    switch nextNoise() {
    case .nothing: break
    case .writeBack: for file in openFiles { try writeBack(file) }
    case .unrelatedFsync:
      let file = try openUnlisted("unrelated")
      try write(file, Naming.fill("u", 600), at: unrelatedWrites * 600)
      unrelatedWrites += 1
      try fsync(file)
      world.release(file.handle)
    case .syncfs: try synchronizeFileSystem()
    }
  }

  /// The end of the run (`end`): the last syncfs, and its mark.
  func end() throws {
    mark("end")
    try synchronizeFileSystem()
    mark("allsynced")
  }

  /// `sync_file_range` of the whole file, with all three flags: no barrier (groundtruth, row j).
  func writeBack(_ file: OpenFile) throws {
    let size = try world.size(of: file.handle)
    try world.writeBack(
      range: 0..<size, of: file.handle, wait: [.waitBefore, .write, .waitAfter])
  }

  /// syncfs.
  func synchronizeFileSystem() throws { try world.synchronizeFileSystem(nil) }

  /// fallocate from the start of the file on.
  func allocate(_ file: OpenFile, size: Int, keepsSize: Bool) throws {
    try world.allocate(
      file.handle, at: 0, length: UInt64(size), keepsSize ? .keepSize : .extend)
  }

  /// A file with allocated space that was never written.
  func makeAllocated(_ path: String, size: Int) throws {
    let file = try open(path)
    try allocate(file, size: size, keepsSize: false)
    try fsync(file)
    close(file)
  }

  /// Writes to a file, which may be new, and syncs it.
  func syncNewFile(_ path: String, _ bytes: [UInt8]) throws {
    let file = try open(path)
    try write(file, bytes)
    try fsync(file)
    close(file)
  }
}
