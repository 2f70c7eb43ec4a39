/// Workloads b, h2 to h5, j3 to j5 and k: content that is replaced in place.
extension Workload {
  /// What the file's space was before.
  enum Space: Sendable {
    /// Written with `o` and synced.
    case written
    /// Allocated by `fallocate` and synced: it reads as zeros.
    case unwritten
  }

  /// How the pages are written, and what follows each.
  enum OverwriteWay: Sendable {
    case buffered, direct, synchronous, mapped
    /// All of them buffered, then fdatasync.
    case fdatasync
    case mappedThenMsync, writeBack, syncfs, writeBackThenSyncfs
  }

  /// Three pages of twelve replaced (`overw`).
  static func overwrite(
    _ name: String, pages: [Int], _ space: Space = .written, _ way: OverwriteWay = .buffered
  ) -> Workload {
    let page = Naming.page
    let size = 12 * page
    return Workload(
      name: name,
      setup: { lab in
        switch space {
        case .written: try lab.make("f", Naming.fill("o", size))
        case .unwritten: try lab.makeAllocated("f", size: size)
        }
      },
      run: { lab in
        let file = try lab.open("f", synchronous: way == .synchronous)
        for (index, number) in pages.enumerated() {
          try lab.write(file, Naming.fill("n", page), at: number * page)
          if way == .synchronous { lab.mark("s\(index + 1)") }
          try lab.step()
          try follow(lab, file, way, index)
        }
        if way == .fdatasync {
          try lab.fdatasync(file)
          lab.mark("s\(pages.count)")
        }
      },
      observe: { view, done in overwritten(view, done, pages, space) })
  }

  private static func follow(
    _ lab: Laboratory, _ file: Laboratory.OpenFile, _ way: OverwriteWay, _ index: Int
  ) throws {
    if way == .mappedThenMsync {
      try lab.fdatasync(file)
      lab.mark("s\(index + 1)")
    }
    if way == .writeBack || way == .writeBackThenSyncfs { try lab.writeBack(file) }
    if way == .syncfs || way == .writeBackThenSyncfs {
      try lab.synchronizeFileSystem()
      lab.mark("s\(index + 1)")
    }
    if way == .direct || way == .writeBack { lab.mark("r\(index + 1)") }
  }

  private static func overwritten(
    _ view: CrashView, _ done: Marks, _ pages: [Int], _ space: Space
  ) -> Outcome {
    let size = 12 * Naming.page
    guard let bytes = view.read("f") else {
      return Outcome(name: "None", flags: ["file lost/unreadable"])
    }
    var flags: [String] = []
    if bytes.count != size { flags.append("size changed to \(bytes.count)") }
    let old = space == .written ? Naming.fill("o", size) : [UInt8](repeating: 0, count: size)
    let sectors = Naming.sectors(bytes, [("N", Naming.fill("n", size)), ("O", old)])
    var names: [String] = []
    for number in 0..<12 {
      let part = Array(sectors.dropFirst(number * 8).prefix(8))
      let kinds = Set(part)
      if pages.contains(number) {
        names.append(
          kinds.count == 1
            ? String(part[0]) : kinds == ["N", "O"] ? "T" : "(\(Naming.runs(part)))")
      } else if kinds != ["O"] {
        flags.append("untouched page changed")
      }
    }
    let synced = done.isAllSynced ? pages.count : done.highest("s")
    if names.prefix(synced).contains(where: { $0 != "N" }) { flags.append("synced page lost") }
    if names.prefix(done.highest("r")).contains(where: { $0 != "N" }) {
      flags.append("(info) completed O_DIRECT/sync_file_range write lost")
    }
    return Outcome(name: names.joined(), flags: flags)
  }

  /// One write into a file of `total` bytes (`onew`).
  static func oneWrite(_ name: String, at offset: Int, length: Int, total: Int) -> Workload {
    Workload(
      name: name,
      setup: { try $0.make("f", Naming.fill("o", total)) },
      run: { lab in
        let file = try lab.open("f")
        try lab.step()
        try lab.write(file, Naming.fill("n", length), at: offset)
        lab.mark("w")
        try lab.step()
        try lab.step()
      },
      observe: { view, done in
        guard let bytes = view.read("f") else {
          return Outcome(name: "None", flags: ["file lost/unreadable"])
        }
        var flags: [String] = []
        if bytes.count != total { flags.append("size changed") }
        let old = Naming.fill("o", total)
        let new = Naming.fill("n", total)
        let end = offset + length
        if !Naming.equal(bytes, old, 0..<offset) || !Naming.equal(bytes, old, end..<total) {
          flags.append("bytes outside the write changed")
        }
        if done.isAllSynced && !Naming.equal(bytes, new, offset..<end) {
          flags.append("lost after syncfs")
        }
        return Outcome(name: oneWriteName(bytes, old, new, offset..<end), flags: flags)
      })
  }

  private static func oneWriteName(
    _ bytes: [UInt8], _ old: [UInt8], _ new: [UInt8], _ written: Range<Int>
  ) -> String {
    if Naming.equal(bytes, new, written) { return "all new" }
    if Naming.equal(bytes, old, written) { return "all old" }
    let page = Naming.page
    var pages: [Character] = []
    for number in written.lowerBound / page...(written.upperBound - 1) / page {
      let part = (number * page..<(number + 1) * page).clamped(to: written)
      guard part.upperBound <= bytes.count else { return "MIXED with other bytes" }
      if Naming.equal(bytes, new, part) {
        pages.append("N")
      } else if Naming.equal(bytes, old, part) {
        pages.append("O")
      } else {
        guard bytes[part].allSatisfy({ $0 == old[0] || $0 == new[0] }) else {
          return "MIXED with other bytes"
        }
        pages.append("T")
      }
    }
    if pages.contains("T") { return "torn inside a page (512 B)" }
    let runs = Naming.runs(pages)
    if runs == "NO" || runs == "N" { return "new/old by page new-prefix" }
    return "new/old by page " + (runs.count <= 3 ? runs : "many runs")
  }
}
