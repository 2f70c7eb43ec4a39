/// A change of a file's mode, owner, access time or extended attributes that no fsync has covered.
///
/// An inode's attributes are one record: what reaches the disk is a snapshot of all of them, that
/// behind the newest change that was kept. Under `posix-min` each change may be kept or lost; the
/// models of real file systems, whose journals nobody has measured for this, make them durable at
/// once. An mtime that a program set goes with the file's other times: with the newest change of
/// content or size that was kept, or with a barrier.
struct PendingAttributes {
  /// The operation that made it.
  var operation: UInt64
  /// The file.
  var inode: InodeNumber
  /// What the attributes were before.
  var before: StoredAttributes
}

/// The attributes of an inode that a power cut may take back.
struct StoredAttributes {
  var mode: UInt16
  var user: UInt32
  var group: UInt32
  var accessTime: FileTime?
  var extended: [RareAttributes.ExtendedAttribute]
}

extension Disk {
  /// Notes that operation `count` is about to change the attributes of a file.
  mutating func pendAttributes(of number: InodeNumber, _ count: UInt64) {
    guard rules.names == .perName, isAlive(number) else { return }
    let before = inodes[Int(number.rawValue)].storedAttributes
    pendingAttributes.append(PendingAttributes(operation: count, inode: number, before: before))
  }

  /// fsync of a file or a directory: its attributes are on the disk. fdatasync need not do it.
  mutating func coverAttributes(of number: InodeNumber) {
    if !pendingAttributes.isEmpty { pendingAttributes.removeAll { $0.inode == number } }
  }

  /// What a power cut leaves of the attributes: of each file those behind its newest change that
  /// was kept. A change without a mark was kept.
  mutating func settleAttributes(_ kept: [Bool]) {
    guard !pendingAttributes.isEmpty else { return }
    var settled: [InodeNumber] = []
    for (index, pending) in pendingAttributes.enumerated().reversed()
    where !settled.contains(pending.inode) {
      if index >= kept.count || kept[index] {
        settled.append(pending.inode)
      } else if isAlive(pending.inode) {
        with(pending.inode) { $0.restore(pending.before) }
      }
    }
    pendingAttributes = []
  }

  /// The marks of `choice` for every pending change of attributes.
  func attributeMarks(_ choice: PowerLossChoice) -> [Bool] {
    choice.attributes.isEmpty
      ? Array(repeating: true, count: pendingAttributes.count) : choice.attributes
  }
}

extension Inode {
  fileprivate var storedAttributes: StoredAttributes {
    StoredAttributes(
      mode: mode, user: user, group: group, accessTime: rareBox?.value.accessTime,
      extended: rareBox?.value.extended ?? [])
  }

  fileprivate mutating func restore(_ stored: StoredAttributes) {
    (mode, user, group) = (stored.mode, stored.user, stored.group)
    guard rareBox != nil || stored.accessTime != nil || !stored.extended.isEmpty else { return }
    var rare = rare
    rare.accessTime = stored.accessTime
    rare.extended = stored.extended
    self.rare = rare
  }
}
