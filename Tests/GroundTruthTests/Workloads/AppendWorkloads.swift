/// Workloads a, h1, h6, h7, j1 and j2: a log that grows.
extension Workload {
  /// How the appends are followed up.
  enum AppendBarrier: Sendable {
    case none, fdatasync, writeBack, syncfs, synchronousWrites
  }

  /// Twenty records of one letter each, with a barrier after every `every` of them (`append`).
  static func append(
    _ name: String, record: Int, every: Int = 0, _ barrier: AppendBarrier = .none
  ) -> Workload {
    let expected = (0..<20).flatMap { [UInt8](repeating: UInt8(65 + $0), count: record) }
    return Workload(
      name: name,
      setup: { try $0.make("log", []) },
      run: { lab in
        let file = try lab.open("log", synchronous: barrier == .synchronousWrites)
        for index in 0..<20 {
          try lab.write(file, Array(expected[index * record..<(index + 1) * record]))
          if barrier == .synchronousWrites { lab.mark("s\(index + 1)") }
          try lab.step()
          guard every > 0, index % every == every - 1 else { continue }
          switch barrier {
          case .fdatasync: try lab.fdatasync(file)
          case .writeBack: try lab.writeBack(file)
          case .syncfs: try lab.synchronizeFileSystem()
          case .none, .synchronousWrites: break
          }
          lab.mark("s\(index + 1)")
        }
      },
      observe: { view, done in
        appended(view, done, expected, record, isBarrier: barrier != .writeBack)
      })
  }

  private static func appended(
    _ view: CrashView, _ done: Marks, _ expected: [UInt8], _ record: Int, isBarrier: Bool
  ) -> Outcome {
    guard let bytes = view.read("log") else {
      return Outcome(name: "absent", flags: ["existing file lost"])
    }
    var flags: [String] = []
    let synced = done.isAllSynced ? 20 : done.highest("s")
    let holds = Naming.equalHeads(bytes, expected, synced * record)
    if (isBarrier || done.isAllSynced) && !holds {
      flags.append("synced records lost or damaged")
    }
    if !isBarrier && flags.isEmpty && !holds {
      flags.append("(info) sync_file_range-ed records lost")
    }
    return Outcome(name: appendedName(bytes, expected, record), flags: flags)
  }

  private static func appendedName(
    _ bytes: [UInt8], _ expected: [UInt8], _ record: Int
  ) -> String {
    if bytes.isEmpty { return "empty" }
    let good = Naming.commonPrefix(bytes, expected)
    if good == bytes.count {
      if good == expected.count { return "all" }
      if good % record == 0 { return "prefix, size at record boundary" }
      return good % Naming.page == 0
        ? "prefix, size at page boundary" : "prefix, size mid-record"
    }
    let name: String
    if Naming.containsStale(bytes) {
      name = "STALE garbage"
    } else if Naming.isZero(bytes, good..<bytes.count) {
      let place =
        if good / Naming.page == (bytes.count - 1) / Naming.page {
          "within the last page"
        } else {
          good % Naming.page == 0 ? "whole pages" : "partial page + whole pages"
        }
      name = "data then zeros " + place
    } else {
      let letters = Naming.byteRuns(bytes, expected)
      name = letters.contains("X") ? "MIXED " + letters : "zero hole then data " + letters
    }
    return bytes.count > expected.count ? name + " oversize" : name
  }

  /// Eight pages appended by direct writes, with a barrier after the fourth where `isSynced`
  /// (`adirect`).
  static func directAppend(_ name: String, isSynced: Bool) -> Workload {
    let page = Naming.page
    let expected = (0..<8).flatMap { [UInt8](repeating: UInt8(65 + $0), count: page) }
    return Workload(
      name: name,
      setup: { try $0.make("f", []) },
      run: { lab in
        let file = try lab.open("f")
        for index in 0..<8 {
          let range = index * page..<(index + 1) * page
          try lab.write(file, Array(expected[range]), at: range.lowerBound)
          lab.mark("r\(index + 1)")
          try lab.step()
          if isSynced && index == 3 {
            try lab.fdatasync(file)
            lab.mark("s4")
          }
        }
      },
      observe: { view, done in
        guard let bytes = view.read("f") else {
          return Outcome(name: "None", flags: ["file lost"])
        }
        var flags: [String] = []
        let synced = done.isAllSynced ? 8 : done.contains("s4") ? 4 : 0
        if !Naming.equalHeads(bytes, expected, synced * page) { flags.append("synced lost") }
        if !Naming.equalHeads(bytes, expected, done.highest("r") * page) {
          flags.append("(info) completed O_DIRECT append lost")
        }
        let name =
          if bytes.isEmpty {
            "empty"
          } else if Naming.same(bytes, expected) {
            "all"
          } else {
            Naming.runs(Naming.sectors(bytes, [("D", expected)]))
              + (bytes.count % page == 0 ? " page-multiple" : " odd size")
          }
        return Outcome(name: name, flags: flags)
      })
  }
}
