@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("disk.md's table, cell by cell: overwrites and appends")
struct DataCellTests {
  /// Every subset of three pages.
  static let subsets: Set<String> = [
    "OOO", "NOO", "ONO", "OON", "NNO", "NON", "ONN", "NNN",
  ]

  @Test(
    "Overwrite, three writes of a page: any subset of pages, any order; lazyfs loses all",
    arguments: PersistenceModelName.allCases)
  func overwritePages(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 12288))
    for page in [0, 2, 1] {
      try lab.write(file.handle, filled(2, 4096), at: UInt64(page * 4096))
    }
    #expect(lab.pages() == (model == .lazyfs ? ["OOO"] : Self.subsets))
  }

  @Test(
    "Overwrite, one write of three pages: any pages under every model but lazyfs",
    arguments: PersistenceModelName.allCases)
  func overwriteAtOnce(model: PersistenceModelName) throws {
    // posix-min tears by sectors, where the knob lets it.
    let lab = CellLab.lab(model, tears: model == .posixMin ? TearShape.allCases : [])
    let file = try lab.durableFile("a", filled(1, 12288))
    try lab.write(file.handle, filled(2, 12288), at: 0)
    switch model {
    case .posixMin: #expect(lab.pages().isSuperset(of: ["OOO", "NNN"]) && lab.pages().count > 3)
    case .ext4Ordered, .xfs, .btrfs: #expect(lab.pages() == Self.subsets)
    case .lazyfs: #expect(lab.pages() == ["OOO"])
    }
  }

  @Test(
    "Overwrite within a page: old, new, or torn where the knob allows; never under btrfs",
    arguments: PersistenceModelName.allCases)
  func overwriteWithinAPage(model: PersistenceModelName) throws {
    for tears in [[], TearShape.allCases] {
      let lab = CellLab.lab(model, tears: tears)
      let file = try lab.durableFile("a", filled(1, 8192))
      try lab.write(file.handle, filled(2, 1024), at: 512)
      try lab.write(file.handle, filled(2, 1024), at: 4608)
      let old = filled(1, 4096)
      let new = filled(1, 512) + filled(2, 1024) + filled(1, 2560)
      let whole: Set<[UInt8]?> = [old + old, new + old, old + new, new + new]
      let found = lab.contents()
      let torn = found.subtracting(whole)
      switch model {
      case .posixMin, .ext4Ordered, .xfs:
        #expect(found.isSuperset(of: whole) && torn.isEmpty == tears.isEmpty)
      case .btrfs: #expect(found == whole)
      case .lazyfs: #expect(found == [old + old])
      }
      guard model == .ext4Ordered || model == .xfs else { continue }
      for bytes in torn.compactMap({ $0 }) {
        let halves = [Array(bytes[..<4096]), Array(bytes[4096...])]
        #expect(halves.count { $0 != old && $0 != new } == 1, "one page is in flight at a time")
      }
    }
  }

  @Test(
    "A page is a snapshot of the cache: with a later write to it come the earlier ones",
    arguments: CellLab.fileSystems)
  func pageSnapshot(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 100), at: 0)
    try lab.write(file.handle, filled(3, 100), at: 2000)
    let first = filled(2, 100) + filled(1, 3996)
    let both = filled(2, 100) + filled(1, 1900) + filled(3, 100) + filled(1, 1996)
    #expect(lab.contents() == [filled(1, 4096), first, both])
  }

  @Test(
    "Write into fallocated space: a prefix of the pages, no tear; posix-min: as overwrite",
    arguments: PersistenceModelName.allCases)
  func fallocated(model: PersistenceModelName) throws {
    let lab = CellLab.lab(model, tears: TearShape.allCases)
    let file = try lab.durableFile("a", [])
    try lab.allocate(file.handle, 0..<12288)
    try lab.sync(file.handle)
    for page in 0..<3 { try lab.write(file.handle, filled(2, 4096), at: UInt64(page * 4096)) }
    switch model {
    case .posixMin: #expect(lab.pages().isSuperset(of: ["000", "N00", "0N0", "00N", "NNN"]))
    case .ext4Ordered, .xfs, .btrfs: #expect(lab.pages() == ["000", "N00", "NN0", "NNN"])
    case .lazyfs: #expect(lab.pages() == ["000"])
    }
  }

  /// Three appends of 3,000 bytes to an empty file.
  private func appends(_ model: PersistenceModelName) throws -> Lab {
    let lab = CellLab.lab(model)
    let file = try lab.durableFile("a", [])
    for index in 0..<3 {
      try lab.write(file.handle, filled(UInt8(index + 1), 3000), at: UInt64(index * 3000))
    }
    return lab
  }

  /// All of the three appends.
  private let records = filled(1, 3000) + filled(2, 3000) + filled(3, 3000)

  @Test(
    "Append: ends at any byte, where a write or page ended, at a write's boundary, or is lost",
    arguments: PersistenceModelName.allCases)
  func appendEnds(model: PersistenceModelName) throws {
    let found = try appends(model).contents().compactMap { $0 }
    let ends = Set(found.map(\.count))
    let boundaries: Set<Int> = [0, 3000, 4096, 6000, 8192, 9000]
    switch model {
    case .posixMin:
      let lab = CellLab.lab(model, tears: [.bytePrefix])
      let file = try lab.durableFile("a", [])
      try lab.write(file.handle, filled(1, 3000), at: 0)
      #expect(lab.contents().isSuperset(of: [filled(1, 1), filled(1, 1500), filled(1, 2999)]))
      #expect(ends.isSuperset(of: [0, 3000, 6000, 9000]))
    case .ext4Ordered, .xfs: #expect(ends == boundaries)
    case .btrfs:
      #expect(
        Set(found) == [
          [], Array(records[..<3000]), Array(records[..<6000]), records,
        ])
    case .lazyfs: #expect(found == [[]])
    }
  }

  @Test(
    "Append: the size may lead the data, with zeros in the last page and in whole pages (ext4)")
  func sizeLeadsData() throws {
    let found = try appends(.ext4Ordered).contents()
    let lastPage = Array(records[..<6000]) + filled(0, 3000)
    let wholePages = Array(records[..<4096]) + filled(0, 4904)
    #expect(found.isSuperset(of: [filled(0, 9000), lastPage, wholePages]))
  }

  @Test("Append: zeros only as a hole before later data (xfs); ext4 has such holes too")
  func holes() throws {
    let hole = filled(0, 4096) + Array(records[4096...])
    #expect(try appends(.ext4Ordered).contents().contains(hole))
    let found = try appends(.xfs).contents()
    #expect(found.contains(hole))
    for bytes in found.compactMap({ $0 }) where !bytes.isEmpty {
      #expect(bytes.last != 0, "a size ends in data")
    }
  }

  @Test(
    "Append: no stale garbage, and no tear in new space, whatever the knobs",
    arguments: CellLab.fileSystems)
  func noGarbage(model: PersistenceModelName) throws {
    let lab = Lab(DiskParameters(model: model))
    _ = try lab.durableFile("old", filled(9, 20000))
    try lab.unlink("old")
    try lab.syncRoot()
    let file = try lab.durableFile("a", [])
    try lab.write(file.handle, filled(1, 12000), at: 0)
    for bytes in lab.contents().compactMap({ $0 }) {
      #expect(CellLab.pages(bytes, old: 1).allSatisfy { $0 == "O" || $0 == "0" })
    }
    var choice = lab.disk.choice(keepingAll: true)
    choice.files[0].data = [.none]
    choice.files[0].garbage = .staleNewest
    #expect(!lab.disk.accepts(choice))
  }

  @Test(
    "Truncate up, fallocate: the old size, or the new one with zeros; lazyfs: kept",
    arguments: PersistenceModelName.allCases)
  func truncateUp(model: PersistenceModelName) throws {
    for allocates in [false, true] {
      let lab = CellLab.lab(model)
      let file = try lab.durableFile("a", filled(1, 100))
      if allocates {
        try lab.allocate(file.handle, 0..<9000)
      } else {
        try lab.world.setSize(file.handle, to: 9000)
      }
      let new = filled(1, 100) + filled(0, 8900)
      #expect(lab.contents() == (model == .lazyfs ? [new] : [filled(1, 100), new]))
    }
  }
}
