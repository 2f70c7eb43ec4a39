/// Workloads c to f: files that come, go and change their names.
extension Workload {
  /// Where the file of a creation lies.
  enum CreationPlace: String, Sendable {
    case root = "f"
    case newDirectory = "d/f"
    case nestedNewDirectory = "d/e/f"
  }

  /// A file made, written, and synced where `isSynced` (`create`, `create_ns`).
  static func creation(_ name: String, _ place: CreationPlace, isSynced: Bool = true) -> Workload {
    let data = Naming.fill("c", 5000)
    return Workload(
      name: name,
      setup: { try $0.make("pre", Naming.fill("p", 100)) },
      run: { lab in
        if isSynced { try lab.step() }
        if place != .root {
          try lab.makeDirectory("d")
          try lab.step()
        }
        if place == .nestedNewDirectory {
          try lab.makeDirectory("d/e")
          try lab.step()
        }
        let file = try lab.open(place.rawValue)
        try lab.step()
        try lab.write(file, data)
        try lab.step()
        guard isSynced else { return }
        try lab.fsync(file)
        lab.mark("s1")
      },
      observe: { view, done in
        let bytes = view.read(place.rawValue)
        if !isSynced {
          return Outcome(
            name: Naming.content(bytes, new: data),
            flags: done.isAllSynced && !Naming.holds(bytes, data) ? ["lost after syncfs"] : [])
        }
        var outcome = Outcome(name: "name " + Naming.content(bytes, new: data))
        if (done.contains("s1") || done.isAllSynced) && !Naming.holds(bytes, data) {
          outcome.flags.append("file lost after fsync(file)")
        }
        if place != .root && bytes == nil {
          outcome.name += ", dir " + (view.isDirectory("d") ? "present" : "absent")
        }
        return outcome
      })
  }

  /// A file written beside and renamed over another (`renrep`).
  static func renameOver(
    _ name: String, syncsFile: Bool = false, syncsDirectory: Bool = false, old: Int = 8000,
    new: Int = 10000
  ) -> Workload {
    let oldBytes = Naming.fill("o", old)
    let newBytes = Naming.fill("n", new)
    return Workload(
      name: name,
      setup: { try $0.make("target", oldBytes) },
      run: { lab in
        let file = try lab.open("tmp")
        try lab.write(file, newBytes)
        try lab.step()
        if syncsFile {
          try lab.fsync(file)
          lab.mark("t1")
        }
        lab.close(file)
        try lab.step()
        try lab.rename("tmp", to: "target")
        lab.mark("ren")
        try lab.step()
        if syncsDirectory {
          try lab.fsyncRoot()
          lab.mark("s1")
        }
        try lab.step()
      },
      observe: { view, done in
        let target = view.read("target")
        let other = view.read("tmp")
        var flags: [String] = []
        if target == nil {
          flags.append("target missing")
        } else if !Naming.holds(target, oldBytes) && !Naming.holds(target, newBytes) {
          flags.append("target neither old nor new")
        }
        if (done.contains("s1") || done.isAllSynced) && !Naming.holds(target, newBytes) {
          flags.append(
            done.contains("s1") ? "new lost after rename+fsync(dir)" : "lost after syncfs")
        }
        if done.contains("t1") && !Naming.holds(other, newBytes)
          && !Naming.holds(target, newBytes)
        {
          flags.append("fsynced tmp content nowhere")
        }
        let name =
          "target \(Naming.content(target, new: newBytes, old: oldBytes)); tmp "
          + Naming.content(other, new: newBytes)
        return Outcome(name: name, flags: flags)
      })
  }

  /// A file written without a barrier, renamed to a new name, and the directory synced (`rennew`).
  static func renameToNewName(_ name: String) -> Workload {
    let data = Naming.fill("n", 10000)
    return Workload(
      name: name,
      setup: { try $0.make("pre", Naming.fill("p", 1)) },
      run: { lab in
        let file = try lab.open("tmp")
        try lab.write(file, data)
        try lab.step()
        lab.close(file)
        try lab.rename("tmp", to: "final")
        lab.mark("ren")
        try lab.step()
        try lab.fsyncRoot()
        lab.mark("s1")
        try lab.step()
      },
      observe: { view, done in
        let final = view.read("final")
        var flags: [String] = []
        if done.contains("s1") {
          if final == nil {
            flags.append("name lost after fsync(dir)")
          } else if !Naming.holds(final, data) {
            flags.append("(info) name there, data not, after fsync(dir)")
          }
        }
        if done.isAllSynced && !Naming.holds(final, data) { flags.append("lost after syncfs") }
        let name =
          "final \(Naming.content(final, new: data)); tmp "
          + Naming.content(view.read("tmp"), new: data)
        return Outcome(name: name, flags: flags)
      })
  }

  /// What happens to the one name of `names`.
  enum NameChange: Sendable {
    case rename, unlink, link
  }

  /// One change of a name, with a barrier of the directory (unlink) or the file where `isSynced`
  /// (`names`).
  static func nameChange(_ name: String, _ change: NameChange, isSynced: Bool = false) -> Workload {
    let data = Naming.fill("x", 3000)
    return Workload(
      name: name,
      setup: { try $0.make("a", data) },
      run: { lab in
        try lab.step()
        switch change {
        case .rename: try lab.rename("a", to: "b")
        case .unlink: try lab.unlink("a")
        case .link: try lab.link("a", as: "b")
        }
        if isSynced {
          try lab.step()
          if change == .unlink {
            try lab.fsyncRoot()
          } else {
            try lab.fsync(lab.open(change == .link ? "a" : "b"))
          }
          lab.mark("s1")
        }
        lab.mark("op")
        try lab.step()
      },
      observe: { view, done in
        let names = ["a", "b"].filter(view.exists)
        var flags = names.filter { !Naming.holds(view.read($0), data) }.map { _ in "content damaged"
        }
        if let first = names.first, let links = view.linkCount(first), links != names.count {
          flags.append("nlink \(links) names \(names.count)")
        }
        if done.contains("s1") || done.isAllSynced {
          let wanted: [String] =
            switch change {
            case .rename: ["b"]
            case .unlink: []
            case .link: ["a", "b"]
            }
          if names != wanted { flags.append("synced name op lost") }
        }
        if change == .rename && names.count != 1 { flags.append("rename not atomic") }
        return Outcome(name: "{\(names.joined(separator: ","))}", flags: flags)
      })
  }
}
