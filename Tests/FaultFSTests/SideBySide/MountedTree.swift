import CLinuxShims
import Glibc

/// The calls made as a program makes them, in a directory of any file system.
struct MountedTree: CallTarget {
  let base: String
  private var open = [Int32](repeating: -1, count: FileCall.slots)
  /// The times that a call set, by inode: what no program set is left out.
  private var setTimes: [UInt: (accessed: FileCall.Moment?, modified: FileCall.Moment?)] = [:]

  init(base: String) { self.base = base }

  /// Closes every file.
  mutating func closeAll() {
    for slot in open.indices where open[slot] >= 0 {
      close(open[slot])
      open[slot] = -1
    }
  }

  private func path(_ path: String) -> String { base + "/" + path }

  private func number(_ result: Int) -> Outcome {
    result < 0 ? .failed(errno) : .number(result)
  }

  private func done(_ result: Int32) -> Outcome { number(Int(result)) }

  mutating func perform(_ call: FileCall) -> Outcome {
    switch call {
    case .open, .close, .read, .write, .readAt, .writeAt, .seek, .setSize, .truncate, .allocate,
      .copyRange, .synchronize, .mapAndWrite, .mapAndRead:
      return performContent(call)
    case .link(let path, let name): return done(Glibc.link(self.path(path), self.path(name)))
    case .symlink(let target, let path): return done(Glibc.symlink(target, self.path(path)))
    case .readLink(let path):
      var buffer = [CChar](repeating: 0, count: 4097)
      let count = readlink(self.path(path), &buffer, 4096)
      return count < 0
        ? .failed(errno)
        : .facts(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    case .unlink(let path): return done(Glibc.unlink(self.path(path)))
    case .makeDirectory(let path, let mode): return done(mkdir(self.path(path), mode))
    case .removeDirectory(let path): return done(rmdir(self.path(path)))
    case .rename(let path, let target, let flags):
      return done(clinux_rename(self.path(path), self.path(target), flags))
    case .makeSocket(let path, let mode): return done(mknod(self.path(path), S_IFSOCK | mode, 0))
    case .changeMode(let path, let mode): return done(chmod(self.path(path), mode))
    case .changeOwner(let path, let user, let group):
      return done(chown(self.path(path), user, group))
    case .setTimes(let path, let accessed, let modified):
      return changeTimes(path, accessed, modified)
    case .setAttribute, .getAttribute, .listAttributes, .removeAttribute:
      return performExtended(call)
    case .status(let path, let follow):
      var status = stat()
      let result = follow ? stat(self.path(path), &status) : lstat(self.path(path), &status)
      return result < 0 ? .failed(errno) : facts(status)
    case .statusOfOpen(let slot):
      var status = stat()
      return fstat(open[slot], &status) < 0 ? .failed(errno) : facts(status)
    case .list(let path): return list(path)
    }
  }

  private mutating func performContent(_ call: FileCall) -> Outcome {
    switch call {
    case .open(let slot, let path, let flags, let mode):
      if open[slot] >= 0 { Glibc.close(open[slot]) }
      open[slot] = Glibc.open(self.path(path), flags | O_CLOEXEC, mode)
      return open[slot] < 0 ? .failed(errno) : .number(0)
    case .close(let slot):
      let result = Glibc.close(open[slot])
      open[slot] = -1
      return done(result)
    case .read(let slot, let count): return bytes(count) { Glibc.read(open[slot], $0, count) }
    case .readAt(let slot, let offset, let count):
      return bytes(count) { pread(open[slot], $0, count, offset) }
    case .write(let slot, let bytes):
      return number(Glibc.write(open[slot], bytes.bytes, bytes.count))
    case .writeAt(let slot, let offset, let bytes):
      return number(pwrite(open[slot], bytes.bytes, bytes.count, offset))
    case .seek(let slot, let offset, let whence):
      guard isFile(slot) else { return open[slot] < 0 ? .failed(EBADF) : .number(-1) }
      return number(lseek(open[slot], offset, whence))
    case .setSize(let slot, let size): return done(ftruncate(open[slot], size))
    case .truncate(let path, let size): return done(Glibc.truncate(self.path(path), size))
    case .allocate(let slot, let mode, let offset, let length):
      return done(clinux_allocate(open[slot], mode, Int64(offset), Int64(length)))
    case .copyRange(let from, let offset, let to, let targetOffset, let count):
      return number(
        clinux_copy_range(open[from], Int64(offset), open[to], Int64(targetOffset), count))
    case .synchronize(let slot, let dataOnly):
      return done(dataOnly ? fdatasync(open[slot]) : fsync(open[slot]))
    case .mapAndWrite(let slot, let offset, let bytes):
      return map(slot, offset, bytes.count, PROT_READ | PROT_WRITE) { memory, room in
        UnsafeMutableRawBufferPointer(start: memory, count: room)
          .copyBytes(from: bytes.bytes.prefix(room))
        return .number(0)
      }
    case .mapAndRead(let slot, let offset, let count):
      return map(slot, offset, count, PROT_READ) { memory, room in
        .bytes([UInt8](UnsafeRawBufferPointer(start: memory, count: room)))
      }
    default: preconditionFailure("not a call about content")
    }
  }

  private func bytes(_ count: Int, _ body: (UnsafeMutableRawPointer?) -> Int) -> Outcome {
    var buffer = [UInt8](repeating: 0, count: max(count, 1))
    let result = buffer.withUnsafeMutableBytes { body($0.baseAddress) }
    return result < 0 ? .failed(errno) : .bytes(Array(buffer[..<result]))
  }

  private func isFile(_ slot: Int) -> Bool {
    var status = stat()
    return fstat(open[slot], &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Maps the pages around a range of a file, as far as the file reaches, and writes them back.
  private func map(
    _ slot: Int, _ offset: Int, _ count: Int, _ protection: Int32,
    _ body: (UnsafeMutableRawPointer, Int) -> Outcome
  ) -> Outcome {
    guard open[slot] >= 0 else { return .failed(EBADF) }
    let access = fcntl(open[slot], F_GETFL) & O_ACCMODE
    let needed = protection & PROT_WRITE != 0 ? access == O_RDWR : access != O_WRONLY
    var status = stat()
    guard needed, isFile(slot), fstat(open[slot], &status) == 0, status.st_size > offset else {
      return .number(-1)
    }
    let start = offset / 4096 * 4096
    let room = min(count, Int(status.st_size) - offset)
    let length = offset - start + room
    let memory = mmap(nil, max(length, 1), protection, MAP_SHARED, open[slot], start)
    guard let memory, memory != MAP_FAILED else { return .failed(errno) }
    let outcome = body(memory + (offset - start), room)
    let synced = msync(memory, max(length, 1), Int32(MS_SYNC))
    munmap(memory, max(length, 1))
    return synced < 0 ? .failed(errno) : outcome
  }

  private mutating func changeTimes(
    _ path: String, _ accessed: FileCall.Moment?, _ modified: FileCall.Moment?
  ) -> Outcome {
    func time(_ moment: FileCall.Moment?) -> timespec {
      moment.map { timespec(tv_sec: $0.seconds, tv_nsec: $0.nanoseconds) }
        ?? timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)  // UTIME_OMIT
    }
    return done(utimensat(AT_FDCWD, self.path(path), [time(accessed), time(modified)], 0))
  }

  private func performExtended(_ call: FileCall) -> Outcome {
    switch call {
    case .setAttribute(let path, let name, let value, let flags):
      return done(clinux_set_attribute(self.path(path), name, value.bytes, value.count, flags))
    case .getAttribute(let path, let name, let room):
      if room == 0 { return number(clinux_get_attribute(self.path(path), name, nil, 0)) }
      return bytes(room) { clinux_get_attribute(self.path(path), name, $0, room) }
    case .listAttributes(let path):
      var buffer = [CChar](repeating: 0, count: 65_536)
      let count = clinux_list_attributes(self.path(path), &buffer, buffer.count)
      guard count >= 0 else { return .failed(errno) }
      let names = buffer[..<count].split(separator: 0).map {
        String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
      return .facts(names.sorted().joined(separator: " "))
    case .removeAttribute(let path, let name):
      return done(clinux_remove_attribute(self.path(path), name))
    default: preconditionFailure("not a call about extended attributes")
    }
  }

  private func list(_ path: String) -> Outcome {
    guard let directory = opendir(self.path(path)) else { return .failed(errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append("\(name):\(entry.pointee.d_type)") }
    }
    return .facts(names.sorted().joined(separator: " "))
  }

  private func facts(_ status: stat) -> Outcome {
    /// Only what tests set lies before the model's clock begins, and before any machine's.
    func known(_ time: timespec) -> FileCall.Moment? {
      time.tv_sec < 900_000_000
        ? FileCall.Moment(seconds: time.tv_sec, nanoseconds: time.tv_nsec) : nil
    }
    return FileFacts(
      type: status.st_mode & S_IFMT, mode: status.st_mode & 0o7777, links: Int(status.st_nlink),
      user: status.st_uid, group: status.st_gid, size: Int(status.st_size),
      blocks: Int(status.st_blocks), accessed: known(status.st_atim),
      modified: known(status.st_mtim)
    ).outcome
  }
}
