/// Workloads g: sizes that change.
extension Workload {
  /// What happens to the file.
  enum SizeChange: String, Sendable, CaseIterable {
    case down, up
    case downUp = "downup"
    case downAppend = "downappend"
    case upWrite = "upwrite"
    case allocate = "falloc"
    case keepSize = "keep"
    case openTruncating = "otrunc"

    /// The size before, in pages, where it is not 5000 bytes.
    fileprivate var startsWhole: Bool {
      switch self {
      case .down, .downUp, .openTruncating, .downAppend: true
      case .up, .upWrite, .allocate, .keepSize: false
      }
    }

    fileprivate var expected: [UInt8] {
      let head = Naming.fill("o", 5000)
      let zeros = [UInt8](repeating: 0, count: 40000)
      switch self {
      case .down: return head
      case .downUp, .up: return head + zeros[..<35000]
      case .openTruncating: return Naming.fill("n", 10000)
      case .downAppend, .keepSize: return head + Naming.fill("n", 10000)
      case .upWrite, .allocate:
        return head + zeros[..<(12288 - 5000)] + Naming.fill("n", 4096)
          + zeros[..<(40000 - 16384)]
      }
    }
  }

  /// A change of the size, and fdatasync where `isSynced` (`trunc`).
  static func size(_ change: SizeChange, isSynced: Bool) -> Workload {
    let first = Naming.fill("o", change.startsWhole ? 12 * Naming.page : 5000)
    let expected = change.expected
    return Workload(
      name: "g \(change.rawValue)" + (isSynced ? " + fdatasync" : " nosync"),
      setup: { try $0.make("f", first) },
      run: { lab in
        let file = try lab.open("f", truncating: change == .openTruncating)
        if change == .openTruncating {
          try lab.step()
          try lab.write(file, expected)
          try lab.step()
          if !isSynced { lab.close(file) }
        } else {
          try resize(lab, file, change)
        }
        guard isSynced else { return }
        try lab.fdatasync(file)
        lab.mark("s1")
        try lab.step()
      },
      observe: { view, done in resized(view, done, change, first, expected) })
  }

  private static func resize(
    _ lab: Laboratory, _ file: Laboratory.OpenFile, _ change: SizeChange
  ) throws {
    let new = Naming.fill("n", 10000)
    switch change {
    case .down, .downUp, .downAppend: try lab.truncate(file, to: 5000)
    case .up, .upWrite: try lab.truncate(file, to: 40000)
    case .allocate: try lab.allocate(file, size: 40000, keepsSize: false)
    case .keepSize: try lab.allocate(file, size: 40000, keepsSize: true)
    case .openTruncating: break
    }
    try lab.step()
    switch change {
    case .downUp: try lab.truncate(file, to: 40000)
    case .downAppend, .keepSize: try lab.write(file, new, at: 5000)
    case .upWrite, .allocate: try lab.write(file, Array(new[..<4096]), at: 12288)
    case .down, .up, .openTruncating: return
    }
    try lab.step()
  }

  private static func resized(
    _ view: CrashView, _ done: Marks, _ change: SizeChange, _ first: [UInt8], _ expected: [UInt8]
  ) -> Outcome {
    guard let bytes = view.read("f") else {
      return Outcome(name: "None", flags: ["file lost/unreadable"])
    }
    var flags: [String] = []
    if (done.contains("s1") || done.isAllSynced) && !Naming.same(bytes, expected) {
      flags.append("synced state lost")
    }
    let name: String
    if Naming.same(bytes, first) {
      name = "untouched old"
    } else if Naming.same(bytes, expected) {
      name = "final"
    } else if bytes.isEmpty {
      name = "empty"
    } else {
      let head = Naming.fill("o", 5000)
      if change != .openTruncating && !Naming.equal(bytes, head, 0..<min(bytes.count, 5000)) {
        flags.append("old head damaged")
      }
      name =
        Naming.runs(Naming.sectors(bytes, [("F", expected), ("O", first)], step: 500)) + " "
        + sizeName(bytes.count, first: first.count, final: expected.count)
    }
    if Naming.containsStale(bytes) { flags.append("STALE data exposed") }
    if change == .downUp && bytes.count == 40000 && !Naming.isZero(bytes, 5000..<40000) {
      flags.append("old data re-exposed after truncate down+up")
    }
    return Outcome(name: name, flags: flags)
  }

  /// The later of two equal sizes gives the name, as in the laboratory's dictionary.
  private static func sizeName(_ size: Int, first: Int, final: Int) -> String {
    if size == final { return "size=final" }
    if size == first { return "size=old" }
    if size == 40000 { return "size=40000" }
    if size == 5000 { return "size=5000" }
    return "size other" + (size % Naming.page == 0 ? " page-mult" : "")
  }
}
