public import SubjectProtocol

/// What is held against a store whose medium is damaged or whose disk lies (disk.md, "Media faults
/// and lying disks are profiles of their own").
extension OracleModel {
  /// Judges a dump of an image whose damage something later on the disk proves: it must be
  /// reported, never served, never cut away.
  ///
  /// A dump that a plain power cut permits is permitted: the damage hit nothing that counts, or was
  /// repaired. Anything else is `silent-corruption`, beside the names of values nobody ever wrote.
  /// A store whose contract does not say that it detects bit rot is held to the latter only.
  public func judgeProvenDamage(_ dump: Dump, after crash: Contract.Crash) -> Judgement {
    guard contract.detects.contains("bit-rot") else {
      return judgeUnprovenDamage(dump, after: crash)
    }
    var judgement = judge(dump, after: crash)
    guard !judgement.isPermitted else { return judgement }
    let was = judgement.findings.map { "\($0.name.rawValue): \($0.explanation)" }
    judgement.findings =
      neverWritten(in: dump)
      + [
        Finding(
          .silentCorruption,
          keys: Set(judgement.findings.flatMap(\.keys)).sorted(),
          requests: Set(judgement.findings.flatMap(\.requests)).sorted(),
          explanation: "damage that later bytes on the disk prove was served or cut away, and not "
            + "reported; " + was.joined(separator: "; "))
      ]
    return judgement
  }

  /// Judges a dump after damage that nothing proves, after lost writes, and under a lying disk: any
  /// earlier or shorter state may be served; values that were never written may not.
  public func judgeUnprovenDamage(_ dump: Dump, after crash: Contract.Crash) -> Judgement {
    var judgement = Judgement()
    guard isMeasured(after: crash) else {
      judgement.isNotMeasured = true
      return judgement
    }
    judgement.findings = neverWritten(in: dump)
    return judgement
  }

  /// The values of a dump that nobody ever wrote: a record that was never put or certainly refused,
  /// a vector or metadata that nobody submitted with it, one record twice.
  private func neverWritten(in dump: Dump) -> [Finding] {
    let reading = Reading(dump, table)
    var keys: [ViolationName: [RecordKey]] = [:]
    for row in reading.foreign + reading.duplicates {
      keys[.phantomRecord, default: []].append(dump.key(row))
    }
    for namespace in reading.foreignNamespaces {
      keys[.phantomRecord, default: []].append(RecordKey(namespace: namespace, id: []))
    }
    for key in reading.rows.indices where reading.rows[key] >= 0 {
      switch Classifier.origin(of: dump.value(reading.rows[key]), key: key, in: self) {
      case .neverPut, .refused: keys[.phantomRecord, default: []].append(table.keys[key])
      case .wrongVector: keys[.wrongVector, default: []].append(table.keys[key])
      case .wrongMetadata: keys[.wrongMetadata, default: []].append(table.keys[key])
      case .uncommitted, .failed, .known: break
      }
    }
    var findings: [Finding] = []
    for name in ViolationName.allCases {
      guard let concerned = keys[name]?.sorted() else { continue }
      findings.append(
        Finding(
          name, keys: concerned,
          explanation: Classifier.meaning(name) + ": "
            + concerned.prefix(3).map(Wording.key).joined(separator: ", ")))
    }
    return findings
  }
}
