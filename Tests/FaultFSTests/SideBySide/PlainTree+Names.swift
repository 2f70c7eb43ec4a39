import Glibc

// Names and attributes.
extension PlainTree {
  mutating func attemptName(_ call: FileCall) throws -> Outcome {
    switch call {
    case .link(let path, let name):
      let node = try find(path, follow: false)
      let place = try free(name)
      guard self[node].kind != .directory else { throw Failure(EPERM) }
      self[node].links += 1
      enter(node, at: place)
    case .symlink(let target, let path):
      let number = make(.link, at: try free(path), mode: 0o777, target: target)
      self[number].size = target.utf8.count
    case .readLink(let path):
      let node = self[try find(path, follow: false)]
      guard node.kind == .link else { throw Failure(EINVAL) }
      return .facts(node.target)
    case .unlink(let path):
      let place = try place(path, follow: false)
      guard let node = place.node else { throw Failure(ENOENT) }
      guard self[node].kind != .directory else { throw Failure(EISDIR) }
      leave(place)
      self[node].links -= 1
    case .makeDirectory(let path, let mode): _ = make(.directory, at: try free(path), mode: mode)
    case .makeSocket(let path, let mode): _ = make(.socket, at: try free(path), mode: mode)
    case .removeDirectory(let path):
      let place = try place(path, follow: false)
      guard let node = place.node else { throw Failure(ENOENT) }
      guard self[node].kind == .directory else { throw Failure(ENOTDIR) }
      guard self[node].entries.isEmpty else { throw Failure(ENOTEMPTY) }
      leave(place)
      self[node].links = 0
    case .rename(let path, let target, let flags): try rename(path, target, flags)
    case .list(let path):
      let node = self[try find(path)]
      guard node.kind == .directory else { throw Failure(ENOTDIR) }
      let names = node.entries.map { "\($0.key):\(Self.type(self[$0.value].kind) >> 12)" }
      return .facts(names.sorted().joined(separator: " "))
    default: preconditionFailure("not a call about names")
    }
    return .number(0)
  }

  /// A place where nothing stands, in a directory that still has its name.
  private func free(_ path: String) throws -> Place {
    let place = try place(path, follow: false)
    guard place.node == nil else { throw Failure(EEXIST) }
    return place
  }

  private mutating func rename(_ path: String, _ target: String, _ flags: UInt32) throws {
    guard flags <= 2 else { throw Failure(EINVAL) }
    let from = try placeOfAnyLength(path)
    let to = try placeOfAnyLength(target)
    try Self.checkLength(from)
    guard let node = from.node else { throw Failure(ENOENT) }
    try Self.checkLength(to)
    if flags == 1 && to.node != nil { throw Failure(EEXIST) }
    if flags == 2 && to.node == nil { throw Failure(ENOENT) }
    // A directory cannot go below itself.
    if self[node].kind == .directory && isBelow(to.directory, node) { throw Failure(EINVAL) }
    if let old = to.node, self[old].kind == .directory, isBelow(from.directory, old) {
      throw Failure(flags == 2 ? EINVAL : ENOTEMPTY)
    }
    if to.node == node { return }
    if let old = to.node, flags == 2 {
      leave(from)
      leave(to)
      enter(node, at: to)
      enter(old, at: from)
      return
    }
    if let old = to.node {
      let (isDirectory, wasDirectory) = (
        self[node].kind == .directory, self[old].kind == .directory
      )
      if isDirectory && !wasDirectory { throw Failure(ENOTDIR) }
      if !isDirectory && wasDirectory { throw Failure(EISDIR) }
      guard self[old].entries.isEmpty else { throw Failure(ENOTEMPTY) }
      leave(to)
      self[old].links = wasDirectory ? 0 : self[old].links - 1
    }
    leave(from)
    enter(node, at: to)
  }

  private func isBelow(_ inner: Int, _ outer: Int) -> Bool {
    var number = inner
    while number != outer {
      if number == 0 { return false }
      number = self[number].parent
    }
    return true
  }

  mutating func attemptAttribute(_ call: FileCall) throws -> Outcome {
    switch call {
    case .changeMode(let path, let mode): self[try find(path)].mode = mode & 0o7777
    case .changeOwner(let path, let user, let group):
      let number = try find(path)
      (self[number].user, self[number].group) = (user, group)
      if self[number].kind != .directory {
        let runsAsGroup = self[number].mode & 0o2010 == 0o2010
        self[number].mode &= ~(runsAsGroup ? 0o6000 : 0o4000)
      }
    // Two times that stay are no reason to look at the path (utimensat of Linux).
    case .setTimes(_, nil, nil): break
    case .setTimes(let path, let accessed, let modified):
      let number = try find(path)
      if let accessed { self[number].accessed = accessed }
      if let modified { self[number].modified = modified }
    case .setAttribute, .getAttribute, .listAttributes, .removeAttribute:
      return try attemptExtended(call)
    case .status(let path, let follow): return facts(try find(path, follow: follow))
    case .statusOfOpen(let slot): return facts(try file(slot).node)
    default: preconditionFailure("not a call about attributes")
    }
    return .number(0)
  }

  private mutating func attemptExtended(_ call: FileCall) throws -> Outcome {
    func mayHaveThem(_ number: Int) -> Bool { [.file, .directory].contains(self[number].kind) }
    switch call {
    case .setAttribute(let path, let name, let value, let flags):
      let number = try find(path)
      guard mayHaveThem(number) else { throw Failure(EPERM) }
      let exists = self[number].attributes[name] != nil
      if exists && flags == 1 { throw Failure(EEXIST) }
      if !exists && flags == 2 { throw Failure(ENODATA) }
      self[number].attributes[name] = value.bytes
    case .getAttribute(let path, let name, let room):
      let number = try find(path)
      guard mayHaveThem(number), let value = self[number].attributes[name] else {
        throw Failure(ENODATA)
      }
      if room == 0 { return .number(value.count) }
      guard value.count <= room else { throw Failure(ERANGE) }
      return .bytes(value)
    case .listAttributes(let path):
      return .facts(self[try find(path)].attributes.keys.sorted().joined(separator: " "))
    case .removeAttribute(let path, let name):
      let number = try find(path)
      guard mayHaveThem(number) else { throw Failure(EPERM) }
      guard self[number].attributes.removeValue(forKey: name) != nil else {
        throw Failure(ENODATA)
      }
    default: preconditionFailure("not a call about extended attributes")
    }
    return .number(0)
  }

  static func type(_ kind: Kind) -> UInt32 {
    switch kind {
    case .file: S_IFREG
    case .directory: S_IFDIR
    case .link: S_IFLNK
    case .socket: S_IFSOCK
    }
  }

  private func facts(_ number: Int) -> Outcome {
    let node = self[number]
    return FileFacts(
      type: Self.type(node.kind), mode: node.mode, links: node.links, user: node.user,
      group: node.group, size: node.size, blocks: (node.pages.count + node.spare.count) * 8,
      accessed: node.accessed, modified: node.modified
    ).outcome
  }
}
