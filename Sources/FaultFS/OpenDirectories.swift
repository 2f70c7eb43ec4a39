import DurabilityModel

/// A directory listing as it was when a program began to read it.
///
/// Offsets of READDIR are positions in it, so a listing that goes on while names come and go shows
/// each name at most once.
struct DirectoryListing {
  /// One entry, ready for the kernel.
  struct Entry {
    /// The name with a zero byte behind it.
    var name: [CChar]
    /// The inode it names.
    var node: NodeNumber
    /// The file type bits of its mode.
    var type: UInt32
    /// Whether it is `.` or `..`.
    var isDot: Bool
  }

  /// All entries, `.` and `..` first.
  var entries: [Entry] = []
}

/// The directories that are open now; numbers of closed ones are used again.
struct OpenDirectories {
  private var listings: [DirectoryListing?] = []
  private var free: [Int] = []

  /// Opens one more and returns its number.
  mutating func open() -> UInt64 {
    if let number = free.popLast() {
      listings[number] = DirectoryListing()
      return UInt64(number)
    }
    listings.append(DirectoryListing())
    return UInt64(listings.count - 1)
  }

  /// Closes one; a number that is not open is ignored.
  mutating func close(_ number: UInt64) {
    guard let index = index(number) else { return }
    listings[index] = nil
    free.append(index)
  }

  /// The listing of an open directory; nil when the number is not open.
  subscript(_ number: UInt64) -> DirectoryListing? {
    get { index(number).flatMap { listings[$0] } }
    set {
      guard let index = index(number), let newValue else { return }
      listings[index] = newValue
    }
  }

  private func index(_ number: UInt64) -> Int? {
    guard let index = Int(exactly: number), listings.indices.contains(index) else { return nil }
    return listings[index] == nil ? nil : index
  }
}
