import Glibc

/// A tree of files as POSIX and Linux describe it, in dictionaries: what the mount is held against.
///
/// It shares no code with the model of the disk, and knows neither durability nor FUSE.
struct PlainTree: CallTarget {
  enum Kind: Equatable { case file, directory, link, socket }

  struct Node {
    var kind: Kind
    var mode: UInt32
    var user: UInt32
    var group: UInt32
    var links: Int
    var entries: [String: Int] = [:]
    var parent = 0
    var target = ""
    var size = 0
    /// Pages that hold data, by number.
    var pages: [Int: [UInt8]] = [:]
    /// Pages with space that nothing was written to.
    var spare: Set<Int> = []
    var attributes: [String: [UInt8]] = [:]
    var accessed: FileCall.Moment?
    var modified: FileCall.Moment?
  }

  struct OpenFile {
    var node: Int
    var flags: Int32
    var position = 0
    var canRead: Bool { flags & O_ACCMODE != O_WRONLY }
    var canWrite: Bool { flags & O_ACCMODE != O_RDONLY }
  }

  static let pageSize = 4096

  var nodes: [Int: Node]
  var next = 1
  var open: [Int: OpenFile] = [:]
  let user: UInt32
  let group: UInt32
  let mask: UInt32

  init(user: UInt32, group: UInt32, mask: UInt32) {
    (self.user, self.group, self.mask) = (user, group, mask)
    nodes = [0: Node(kind: .directory, mode: 0o755, user: user, group: group, links: 2)]
  }

  /// The error of a call.
  struct Failure: Error {
    var number: Int32
    init(_ number: Int32) { self.number = number }
  }

  mutating func perform(_ call: FileCall) -> Outcome {
    do {
      return try attempt(call)
    } catch {
      return .failed((error as? Failure)?.number ?? -1)
    }
  }

  private mutating func attempt(_ call: FileCall) throws -> Outcome {
    switch call {
    case .open, .close, .read, .write, .readAt, .writeAt, .seek, .setSize, .truncate, .allocate,
      .copyRange, .synchronize, .mapAndWrite, .mapAndRead:
      return try attemptContent(call)
    case .link, .symlink, .readLink, .unlink, .makeDirectory, .removeDirectory, .rename,
      .makeSocket, .list:
      return try attemptName(call)
    case .changeMode, .changeOwner, .setTimes, .setAttribute, .getAttribute, .listAttributes,
      .removeAttribute, .status, .statusOfOpen:
      return try attemptAttribute(call)
    }
  }

  // MARK: Paths.

  /// Where the last component of a path stands or would stand.
  struct Place {
    var directory: Int
    var name: String
    var node: Int?
  }

  func place(_ path: String, follow: Bool) throws -> Place {
    var budget = 40
    let place = try place(path, from: 0, follow: follow, &budget)
    try Self.checkLength(place)
    return place
  }

  /// The same, but that the name itself may be too long: rename looks at both directories first.
  func placeOfAnyLength(_ path: String) throws -> Place {
    var budget = 40
    return try place(path, from: 0, follow: false, &budget)
  }

  static func checkLength(_ place: Place) throws {
    if place.name.utf8.count > 255 { throw Failure(ENAMETOOLONG) }
  }

  private func place(
    _ path: String, from start: Int, follow: Bool, _ budget: inout Int
  ) throws -> Place {
    var directory = start
    let parts = path.split(separator: "/").map(String.init)
    for (index, name) in parts.enumerated() {
      guard nodes[directory]?.kind == .directory else { throw Failure(ENOTDIR) }
      if name == ".." {
        directory = nodes[directory]?.parent ?? 0
        continue
      }
      let isLast = index == parts.count - 1
      guard name.utf8.count <= 255 || isLast else { throw Failure(ENAMETOOLONG) }
      guard let node = nodes[directory]?.entries[name] else {
        guard isLast else { throw Failure(ENOENT) }
        return Place(directory: directory, name: name, node: nil)
      }
      var place = Place(directory: directory, name: name, node: node)
      if nodes[node]?.kind == .link && (!isLast || follow) {
        budget -= 1
        guard budget >= 0 else { throw Failure(ELOOP) }
        place = try self.place(nodes[node]?.target ?? "", from: directory, follow: true, &budget)
        if !isLast, place.node == nil {
          try Self.checkLength(place)
          throw Failure(ENOENT)
        }
      }
      if isLast { return place }
      directory = place.node ?? 0
    }
    throw Failure(EINVAL)
  }

  /// The node that a path leads to.
  func find(_ path: String, follow: Bool = true) throws -> Int {
    guard let node = try place(path, follow: follow).node else { throw Failure(ENOENT) }
    return node
  }

  // MARK: Nodes.

  subscript(_ number: Int) -> Node {
    get { nodes[number] ?? Node(kind: .file, mode: 0, user: 0, group: 0, links: 0) }
    set { nodes[number] = newValue }
  }

  /// Makes a node under a name that is free.
  mutating func make(_ kind: Kind, at place: Place, mode: UInt32, target: String = "") -> Int {
    let number = next
    next += 1
    let parent = self[place.directory]
    var mode = kind == .link ? 0o777 : mode & ~mask
    var group = group
    if parent.mode & 0o2000 != 0 {
      group = parent.group
      if kind == .directory { mode |= 0o2000 }
    }
    nodes[number] = Node(
      kind: kind, mode: mode, user: user, group: group, links: kind == .directory ? 2 : 1,
      parent: place.directory, target: target)
    enter(number, at: place)
    return number
  }

  /// Puts a name into a directory.
  mutating func enter(_ number: Int, at place: Place) {
    self[place.directory].entries[place.name] = number
    self[place.directory].modified = nil
    if self[number].kind == .directory {
      self[place.directory].links += 1
      self[number].parent = place.directory
    }
  }

  /// Takes a name out of a directory.
  mutating func leave(_ place: Place) {
    guard let number = self[place.directory].entries.removeValue(forKey: place.name) else { return }
    self[place.directory].modified = nil
    if self[number].kind == .directory { self[place.directory].links -= 1 }
  }

  func file(_ slot: Int) throws -> OpenFile {
    guard let file = open[slot] else { throw Failure(EBADF) }
    return file
  }
}
