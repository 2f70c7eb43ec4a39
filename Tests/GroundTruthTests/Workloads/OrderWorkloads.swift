/// Workloads f: four changes of names, in one directory or in four.
extension Workload {
  /// Which file is synced between the changes.
  enum OrderBarrier: Sendable {
    case none
    /// Another file, new, in the root.
    case unrelated
    /// The file `b`, after the second change made it.
    case created
    /// The file `d`, after the third change renamed it.
    case renamed
  }

  /// Two creations, a rename and an unlink, with a barrier after one of them (`order`).
  static func order(
    _ name: String, inFourDirectories: Bool, _ barrier: OrderBarrier = .none, after place: Int = 0
  ) -> Workload {
    let path: @Sendable (Int, String) -> String = { index, name in
      inFourDirectories ? "d\(index)/\(name)" : name
    }
    return Workload(
      name: name,
      setup: { lab in
        if inFourDirectories { for index in 1...4 { try lab.makeDirectory("d\(index)") } }
        try lab.make(path(3, "c"), Naming.fill("z", 100))
        try lab.make(path(4, "e"), Naming.fill("z", 100))
      },
      run: { lab in
        var created: Laboratory.OpenFile?
        for index in 1...4 {
          switch index {
          case 1: _ = try lab.open(path(1, "a"))
          case 2: created = try lab.open(path(2, "b"))
          case 3: try lab.rename(path(3, "c"), to: path(3, "d"))
          default: try lab.unlink(path(4, "e"))
          }
          lab.mark("o\(index)")
          try lab.step()
          guard place == index else { continue }
          switch barrier {
          case .none: break
          case .unrelated: try lab.syncNewFile("unrel2", Naming.fill("q", 500))
          case .created:
            if let created {
              try lab.write(created, Naming.fill("q", 500))
              try lab.fsync(created)
              lab.mark("bs")
            }
          case .renamed:
            try lab.syncNewFile(path(3, "d"), Naming.fill("y", 100))
            lab.mark("ds")
          }
          lab.mark("u\(index)")
          try lab.step()
        }
      },
      observe: { view, done in ordered(view, done, path) })
  }

  private static func ordered(
    _ view: CrashView, _ done: Marks, _ path: (Int, String) -> String
  ) -> Outcome {
    let old = view.exists(path(3, "c"))
    let new = view.exists(path(3, "d"))
    let happened = [
      view.exists(path(1, "a")), view.exists(path(2, "b")), new, !view.exists(path(4, "e")),
    ]
    var flags: [String] = []
    if old == new { flags.append("rename not atomic") }
    if done.contains("bs") && !happened[1] { flags.append("fsynced b lost") }
    if done.contains("ds") && !happened[2] { flags.append("fsynced d lost") }
    if done.isAllSynced && happened.contains(false) { flags.append("lost after syncfs") }
    var name = happened.map { $0 ? "1" : "0" }.joined()
    let isPrefix = !happened.drop { $0 }.contains(true)
    if !isPrefix { name += " NON-PREFIX" }
    if happened.prefix(done.highest("u")).contains(false) { name += " (ops before the fsync lost)" }
    return Outcome(name: name, flags: flags)
  }
}
