extension Inode {
  /// The attributes that few inodes have.
  var rare: RareAttributes {
    get { rareBox?.value ?? .none }
    set { rareBox = newValue == .none ? nil : RareAttributesBox(newValue) }
  }

  /// What mtime shows.
  @inline(__always) var modificationTime: FileMoment {
    if let set = rareBox?.value.modificationTime, set.operation == modified {
      return .set(set.time)
    }
    return .operation(modified)
  }

  /// What atime shows.
  @inline(__always) var accessTime: FileMoment {
    if let time = rareBox?.value.accessTime { return .set(time) }
    return .operation(created)
  }

  /// Allocated space in units of 512 bytes.
  @inline(__always) var blocks: UInt64 {
    switch kind {
    case .regular:
      UInt64((cached.pageCount + (rareBox?.value.preallocated.count ?? 0)) * (Page.size / 512))
    case .directory: UInt64(Page.size / 512)
    case .symbolicLink, .pipe, .socket, .characterDevice, .blockDevice: 0
    }
  }

  /// The device number, of a device; else 0.
  @inline(__always) var device: UInt32 {
    guard kind == .characterDevice || kind == .blockDevice else { return 0 }
    return target.enumerated().reduce(0) { $0 | UInt32($1.element) << ($1.offset * 8) }
  }

  /// What ctime shows: the last change of content or of anything else.
  @inline(__always) var changeTime: UInt64 { max(modified, changed) }

  /// Sets times by operation `operation`.
  mutating func setTimes(
    accessed: TimeChange, modified change: TimeChange, operation: UInt64
  ) {
    var rare = rare
    switch accessed {
    case .keep: break
    // The clock's own moment is kept as if it had been created then.
    case .now:
      rare.accessTime = nil
      created = operation
    case .set(let time): rare.accessTime = time
    }
    switch change {
    case .keep: break
    case .now:
      rare.modificationTime = nil
      modified = operation
    case .set(let time):
      rare.modificationTime = RareAttributes.SetTime(time: time, operation: operation)
      modified = operation
    }
    self.rare = rare
    changed = operation
  }

  /// What fallocate does, by operation `operation`.
  ///
  /// Zeroing is a change of data, sector by sector, like any other; growth is a change of the size
  /// with zeros behind it (disk.md: "truncate up, fallocate: size without data: zeros"). That space
  /// was given survives a power cut once a barrier has covered it; no content hangs on it.
  mutating func allocate(_ range: Range<UInt64>, _ mode: AllocationMode, operation: UInt64) {
    guard !range.isEmpty else { return }
    if mode.zeros { punch(range, operation: operation) }
    let pages =
      Int(range.lowerBound) / Page.size..<(Int(range.upperBound) + Page.size - 1) / Page.size
    if mode.gives {
      preallocate(pages)
    } else if rareBox != nil {
      var rare = rare
      // Only what is wholly given back.
      let first = (Int(range.lowerBound) + Page.size - 1) / Page.size
      let end = Int(range.upperBound) / Page.size
      if first < end { rare.preallocated.remove(first..<end) }
      self.rare = rare
    }
    if mode.changesSize && range.upperBound > cachedSize {
      changeSize(to: range.upperBound, operation)
    }
    modified = operation
  }

  /// Gives space to those of `pages` that hold nothing.
  private mutating func preallocate(_ pages: Range<Int>) {
    var rare = rare
    rare.preallocated.formUnion(Self.holes(of: cached, in: pages))
    self.rare = rare
  }

  /// The pages of `pages` that hold nothing in `content`.
  private static func holes(of content: FileContent, in pages: Range<Int>) -> RangeSet {
    var holes = RangeSet()
    var position = UInt64(pages.lowerBound * Page.size)
    let end = UInt64(pages.upperBound * Page.size)
    while position < end {
      let data = min(content.firstData(from: position) ?? end, end)
      holes.insert(Int(position) / Page.size..<Int(data) / Page.size)
      if data >= end { break }
      position = content.firstHole(from: data)
    }
    return holes
  }

  /// A barrier of the whole file covers the space that it was given.
  mutating func coverPreallocated() {
    guard let rare = rareBox?.value, rare.durablePreallocated != rare.preallocated else { return }
    self.rare.durablePreallocated = rare.preallocated
  }

  /// After a power cut: the space that a barrier covered, where nothing was written to it.
  mutating func settlePreallocated() {
    guard var rare = rareBox?.value,
      !rare.preallocated.isEmpty || !rare.durablePreallocated.isEmpty
    else { return }
    rare.preallocated = RangeSet()
    for range in rare.durablePreallocated.ranges {
      rare.preallocated.formUnion(Self.holes(of: durable, in: range))
    }
    rare.durablePreallocated = rare.preallocated
    self.rare = rare
  }

  /// Makes a range read as zeros; its whole pages become holes. Nothing behind the size changes.
  private mutating func punch(_ range: Range<UInt64>, operation: UInt64) {
    // What lies behind the last page that the file reaches is a hole already.
    let last = (cachedSize + UInt64(Page.size) - 1) / UInt64(Page.size) * UInt64(Page.size)
    let zeroed = range.clamped(to: 0..<max(last, 0))
    guard !zeroed.isEmpty else { return }
    let item = PendingData(
      operation: operation, offset: zeroed.lowerBound,
      length: Int(zeroed.upperBound - zeroed.lowerBound), bytes: nil)
    cut(item, operation)
  }
}
