/// Workloads i: two files, of which the second is synced.
extension Workload {
  /// Both are replaced in place (`two`) or written for the first time (`two_app`).
  static func twoFiles(_ name: String, replacing: Bool) -> Workload {
    let size = 9000
    let a = Naming.fill("A", size)
    let b = Naming.fill("B", size)
    let old = replacing ? Naming.fill("o", size) : []
    return Workload(
      name: name,
      setup: { lab in
        try lab.make("A", old)
        try lab.make("B", old)
      },
      run: { lab in
        let first = try lab.open("A")
        let second = try lab.open("B")
        try lab.write(first, a, at: 0)
        try lab.step()
        try lab.write(second, b, at: 0)
        try lab.step()
        try lab.fsync(second)
        lab.mark("s1")
        try lab.step()
      },
      observe: { view, done in
        let bytes = view.read("B")
        let before: [UInt8]? = replacing ? old : nil
        let name =
          "A \(Naming.content(view.read("A"), new: a, old: before)); "
          + "B \(Naming.content(bytes, new: b, old: before))"
        return Outcome(
          name: name + (done.contains("s1") ? " [after fsync(B)]" : ""),
          flags: done.contains("s1") && !Naming.holds(bytes, b) ? ["fsynced B lost"] : [])
      })
  }
}
