import Glibc

// Opening, reading, writing, and space.
extension PlainTree {
  mutating func attemptContent(_ call: FileCall) throws -> Outcome {
    switch call {
    case .open(let slot, let path, let flags, let mode):
      open[slot] = nil
      return try openFile(slot, path, flags, mode)
    case .close(let slot):
      guard open.removeValue(forKey: slot) != nil else { throw Failure(EBADF) }
      return .number(0)
    case .read(let slot, let count):
      let bytes = try read(slot, at: file(slot).position, count)
      open[slot]?.position += bytes.count
      return .bytes(bytes)
    case .readAt(let slot, let offset, let count):
      return .bytes(try read(slot, at: offset, count))
    case .write(let slot, let bytes):
      let end = try write(slot, at: file(slot).position, bytes.bytes)
      if bytes.count > 0 { open[slot]?.position = end }
      return .number(bytes.count)
    case .writeAt(let slot, let offset, let bytes):
      _ = try write(slot, at: offset, bytes.bytes)
      return .number(bytes.count)
    case .seek(let slot, let offset, let whence): return try seek(slot, offset, whence)
    case .setSize(let slot, let size):
      let file = try file(slot)
      guard file.canWrite, self[file.node].kind == .file else { throw Failure(EINVAL) }
      setSize(file.node, size)
      return .number(0)
    case .truncate(let path, let size):
      let node = try find(path)
      guard self[node].kind != .directory else { throw Failure(EISDIR) }
      guard self[node].kind == .file else { throw Failure(EINVAL) }
      setSize(node, size)
      return .number(0)
    case .allocate(let slot, let mode, let offset, let length):
      return try allocate(slot, mode, offset, length)
    case .copyRange(let from, let offset, let to, let targetOffset, let count):
      return try copy(from, offset, to, targetOffset, count)
    case .synchronize(let slot, _):
      _ = try file(slot)
      return .number(0)
    case .mapAndWrite(let slot, let offset, let bytes): return try map(slot, offset, bytes)
    case .mapAndRead(let slot, let offset, let count):
      let file = try file(slot)
      guard file.canRead, self[file.node].kind == .file else { return .number(-1) }
      guard offset < self[file.node].size else { return .number(-1) }
      return .bytes(try read(slot, at: offset, count))
    default: preconditionFailure("not a call about content")
    }
  }

  private mutating func openFile(
    _ slot: Int, _ path: String, _ flags: Int32, _ mode: UInt32
  ) throws -> Outcome {
    let exclusive = flags & O_CREAT != 0 && flags & O_EXCL != 0
    let place = try place(path, follow: !exclusive && flags & O_NOFOLLOW == 0)
    guard let node = place.node else {
      guard flags & O_CREAT != 0 else { throw Failure(ENOENT) }
      open[slot] = OpenFile(node: make(.file, at: place, mode: mode), flags: flags)
      return .number(0)
    }
    if exclusive { throw Failure(EEXIST) }
    switch self[node].kind {
    case .link: throw Failure(ELOOP)
    case .directory:
      if flags & (O_CREAT | O_TRUNC | O_ACCMODE) != 0 { throw Failure(EISDIR) }
    case .socket:
      throw Failure(flags & O_DIRECTORY != 0 ? ENOTDIR : ENXIO)
    case .file:
      if flags & O_DIRECTORY != 0 { throw Failure(ENOTDIR) }
      if flags & O_TRUNC != 0 { setSize(node, 0) }
    }
    open[slot] = OpenFile(node: node, flags: flags)
    return .number(0)
  }

  private func read(_ slot: Int, at offset: Int, _ count: Int) throws -> [UInt8] {
    let file = try file(slot)
    guard file.canRead else { throw Failure(EBADF) }
    guard self[file.node].kind == .file else { throw Failure(EISDIR) }
    return content(file.node, at: offset, count)
  }

  func content(_ number: Int, at offset: Int, _ count: Int) -> [UInt8] {
    let node = self[number]
    guard offset < node.size else { return [] }
    return (offset..<min(node.size, offset + count)).map {
      node.pages[$0 / Self.pageSize]?[$0 % Self.pageSize] ?? 0
    }
  }

  private mutating func write(_ slot: Int, at offset: Int, _ bytes: [UInt8]) throws -> Int {
    let file = try file(slot)
    guard file.canWrite else { throw Failure(EBADF) }
    let start = file.flags & O_APPEND != 0 ? self[file.node].size : offset
    put(file.node, at: start, bytes)
    return start + bytes.count
  }

  mutating func put(_ number: Int, at offset: Int, _ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    for (index, byte) in bytes.enumerated() {
      let (page, within) = ((offset + index) / Self.pageSize, (offset + index) % Self.pageSize)
      self[number].pages[page, default: [UInt8](repeating: 0, count: Self.pageSize)][within] = byte
      self[number].spare.remove(page)
    }
    self[number].size = max(self[number].size, offset + bytes.count)
    self[number].modified = nil
  }

  private mutating func zero(_ number: Int, _ range: Range<Int>) {
    for page in self[number].pages.keys.sorted() {
      let start = page * Self.pageSize
      let part = range.clamped(to: start..<start + Self.pageSize)
      if part.count == Self.pageSize {
        self[number].pages[page] = nil
      } else {
        for place in part { self[number].pages[page]?[place - start] = 0 }
      }
    }
  }

  private mutating func setSize(_ number: Int, _ size: Int) {
    if size < self[number].size {
      zero(number, size..<Int.max)
      let firstGone = (size + Self.pageSize - 1) / Self.pageSize
      self[number].pages = self[number].pages.filter { $0.key < firstGone }
      self[number].spare = self[number].spare.filter { $0 < firstGone }
    }
    if size != self[number].size { self[number].modified = nil }
    self[number].size = size
  }

  private mutating func seek(_ slot: Int, _ offset: Int, _ whence: Int32) throws -> Outcome {
    let file = try file(slot)
    let node = self[file.node]
    guard node.kind == .file else { return .number(-1) }
    let place: Int
    switch whence {
    case SEEK_SET: place = offset
    case SEEK_CUR: place = file.position + offset
    case SEEK_END: place = node.size + offset
    default:
      guard offset >= 0, offset < node.size else { throw Failure(ENXIO) }
      let wantsData = whence == 3
      var page = offset / Self.pageSize
      let last = (node.size - 1) / Self.pageSize
      if wantsData {
        guard let found = node.pages.keys.filter({ $0 >= page && $0 <= last }).min() else {
          throw Failure(ENXIO)
        }
        page = found
      } else {
        while page <= last, node.pages[page] != nil { page += 1 }
      }
      place = min(max(offset, page * Self.pageSize), node.size)
    }
    guard place >= 0 else { throw Failure(EINVAL) }
    open[slot]?.position = place
    return .number(place)
  }

  private mutating func allocate(
    _ slot: Int, _ mode: Int32, _ offset: Int, _ length: Int
  ) throws -> Outcome {
    let file = try file(slot)
    guard offset >= 0, length > 0 else { throw Failure(EINVAL) }
    // Punching without keeping the size is refused before anything else is looked at.
    guard mode != 2 else { throw Failure(EOPNOTSUPP) }
    guard file.canWrite else { throw Failure(EBADF) }
    guard [0, 1, 3, 0x10, 0x11].contains(mode) else { throw Failure(EOPNOTSUPP) }
    let number = file.node
    let (first, behind) = (offset / Self.pageSize, (offset + length - 1) / Self.pageSize + 1)
    if mode & 0x12 != 0 { zero(number, offset..<offset + length) }
    if mode & 2 == 0 {
      for page in first..<behind where self[number].pages[page] == nil {
        self[number].spare.insert(page)
      }
    } else {
      let whole =
        (offset + Self.pageSize - 1)
        / Self.pageSize..<max(
          (offset + Self.pageSize - 1) / Self.pageSize, (offset + length) / Self.pageSize)
      for page in whole { self[number].spare.remove(page) }
    }
    if mode & 1 == 0 { self[number].size = max(self[number].size, offset + length) }
    self[number].modified = nil
    return .number(0)
  }

  private mutating func copy(
    _ from: Int, _ offset: Int, _ to: Int, _ targetOffset: Int, _ count: Int
  ) throws -> Outcome {
    let (source, target) = (try file(from), try file(to))
    for node in [self[source.node], self[target.node]] where node.kind == .directory {
      throw Failure(EISDIR)
    }
    guard source.canRead, target.canWrite, target.flags & O_APPEND == 0 else {
      throw Failure(EBADF)
    }
    let bytes = content(source.node, at: offset, count)
    if source.node == target.node, targetOffset < offset + bytes.count,
      offset < targetOffset + bytes.count
    {
      throw Failure(EINVAL)
    }
    put(target.node, at: targetOffset, bytes)
    return .number(bytes.count)
  }

  private mutating func map(
    _ slot: Int, _ offset: Int, _ bytes: FileCall.Bytes
  ) throws -> Outcome {
    let file = try file(slot)
    guard file.flags & O_ACCMODE == O_RDWR, self[file.node].kind == .file else {
      return .number(-1)
    }
    // What is stored behind the end of the file goes nowhere.
    let room = self[file.node].size - offset
    guard room > 0 else { return .number(-1) }
    put(file.node, at: offset, Array(bytes.bytes.prefix(room)))
    return .number(0)
  }
}
