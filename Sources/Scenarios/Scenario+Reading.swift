import DurabilityModel
import SubjectProtocol

extension Scenario {
  /// Reads the scenario that is `text`, which messages call `file`.
  public init(reading text: [UInt8], file: String) throws(ScenarioError) {
    let node = try JSON5Parser.parse(text, file: file)
    var reader = try ScenarioReader(node, file: file, name: "a scenario")
    guard let purpose = try reader.string("purpose"), !purpose.isEmpty else {
      throw reader.error("\"purpose\" is missing: every scenario says what it is after")
    }
    self.init(name: Self.name(of: file), purpose: purpose)
    try readWorkload(&reader)
    try readDisk(&reader)
    if var explosion = try reader.object("explosion") {
      try explosion.set(&self.explosion.exhaustiveUpTo, "exhaustiveUpTo", in: 1...1_000_000)
      try explosion.set(&self.explosion.samplesPerPoint, "samplesPerPoint", in: 1...1_000_000)
      try explosion.set(&self.explosion.statesPerLife, "statesPerLife", in: 1...100_000_000)
      try explosion.set(&self.explosion.recoveries, "recoveries", in: 0...10_000)
      try explosion.set(&self.explosion.depth, "depth", in: 0...Self.greatestDepth)
      try explosion.finish()
    }
    try readFaults(&reader)
    media = try reader.choices("media", MediaFaultKind.self) ?? media
    options = try reader.json("options") ?? options
    try readRequests(&reader)
    restartOptions = try reader.jsonObjects("restartOptions") ?? restartOptions
    clock = try reader.choices("clock", ClockPlan.Change.self) ?? clock
    try readLimits(&reader)
    if var overrides = try reader.object("contract") {
      contract = try ContractOverrides(reading: &overrides)
    }
    requires = try reader.choices("requires", OperationName.self) ?? requires
    expects = try reader.choice("expects", Expectation.self)
    try reader.finish()
  }

  /// The name of a file without its folder and ending.
  private static func name(of file: String) -> String {
    let last = file.utf8.split(separator: 0x2F).last.map { Array($0) } ?? []
    let end = last.lastIndex(of: 0x2E) ?? last.count
    return String(decoding: last[..<(end > 0 ? end : last.count)], as: UTF8.self)
  }

  private mutating func readRequests(_ reader: inout ScenarioReader) throws(ScenarioError) {
    requests = try reader.requests("requests", dimension: dimension, options: options)
    guard let requests else { return }
    for key in ["weights", "operations", "swarm"] {
      if let node = reader.node(key) {
        throw reader.error(
          node, "\"\(key)\" draws requests, and \"requests\" gives them: only one can be")
      }
    }
    if let node = reader.node("epochs"), epochs < requests.count {
      throw reader.error(node, "\"requests\" has \(requests.count) epochs")
    }
    if reader.node("epochs") == nil { epochs = requests.count }
  }

  private mutating func readWorkload(_ reader: inout ScenarioReader) throws(ScenarioError) {
    try reader.set(&dimension, "dimension", in: 1...4096)
    // With at most six puts a request, values stay distinct in 24 bits (`VectorSource`).
    try reader.set(&operations, "operations", in: 1...10_000)
    try reader.set(&epochs, "epochs", in: 1...16)
    try reader.set(&continuations, "continuations", in: 0...1_000)
    if let node = reader.node("weights") {
      weights = try Self.weights(node, reader)
    }
    try reader.set(&concurrency, "concurrency", in: 1...8)
    swarm = try reader.boolean("swarm") ?? swarm
    if var keys = try reader.object("keys") {
      try keys.set(&self.keys.count, "count", in: 1...10_000)
      self.keys.hot = min(self.keys.hot, self.keys.count)
      try keys.set(&self.keys.hot, "hot", in: 0...self.keys.count)
      try keys.set(&self.keys.hotShare, "hotShare", in: 0...100)
      try keys.finish()
    }
    if var sizes = try reader.object("recordBytes") {
      try sizes.set(&recordBytes.minimum, "minimum", in: 0...(1 << 24))
      recordBytes.maximum = max(recordBytes.maximum, recordBytes.minimum)
      try sizes.set(&recordBytes.maximum, "maximum", in: recordBytes.minimum...(1 << 24))
      try sizes.set(&recordBytes.share, "share", in: 0...100)
      try sizes.finish()
    }
    if let node = reader.node("crashes") {
      crashes = try reader.choices("crashes", Contract.Crash.self) ?? crashes
      guard !crashes.isEmpty else {
        throw reader.error(node, "\"crashes\" must name at least one")
      }
    }
  }

  private static func weights(
    _ node: JSON5Node, _ outer: ScenarioReader
  ) throws(ScenarioError) -> WorkWeights {
    var reader = try ScenarioReader(node, file: outer.file, name: "\"weights\"")
    var weights = WorkWeights.none
    for kind in WorkKind.allCases {
      weights[kind] = try reader.integer(kind.rawValue, in: 0...1_000_000) ?? 0
    }
    try reader.finish()
    guard weights.active.contains(where: \.writesRecords) else {
      throw outer.error(
        node, "\"weights\" must let something be written: \"put\", \"batch\" or \"transaction\"")
    }
    return weights
  }

  private mutating func readDisk(_ reader: inout ScenarioReader) throws(ScenarioError) {
    guard var disk = try reader.object("disk") else { return }
    self.disk.model =
      try disk.choice("model", PersistenceModelName.self) ?? self.disk.model
    let sector = disk.node("sectorSize")
    try disk.set(&self.disk.sectorSize, "sectorSize", in: 512...4096)
    if let sector, self.disk.sectorSize != 512, self.disk.sectorSize != 4096 {
      throw disk.error(sector, "\"sectorSize\" must be 512 or 4096")
    }
    try disk.set(&self.disk.atomicWriteSize, "atomicWriteSize", in: 0...1_048_576)
    self.disk.powerSafeOverwrite =
      try disk.boolean("powerSafeOverwrite") ?? self.disk.powerSafeOverwrite
    self.disk.ordering = try disk.choice("ordering", WriteOrdering.self) ?? self.disk.ordering
    self.disk.tears = try disk.choices("tears", TearShape.self) ?? self.disk.tears
    self.disk.garbage = try disk.choices("garbage", GarbageKind.self) ?? self.disk.garbage
    self.disk.afterFailedBarrier =
      try disk.choice("afterFailedBarrier", AfterFailedBarrier.self)
      ?? self.disk.afterFailedBarrier
    self.disk.liesAboutBarriers =
      try disk.boolean("liesAboutBarriers") ?? self.disk.liesAboutBarriers
    try readQuota(&disk)
    try disk.finish()
  }

  private mutating func readLimits(_ reader: inout ScenarioReader) throws(ScenarioError) {
    guard var limits = try reader.object("limits") else { return }
    try limits.set(&self.limits.requestSeconds, "requestSeconds", in: 1...3600)
    try limits.set(&self.limits.memoryMegabytes, "memoryMegabytes", in: 16...1_048_576)
    try limits.set(
      &self.limits.standardErrorKilobytes, "standardErrorKilobytes", in: 1...1_048_576)
    try limits.set(&self.limits.answerMegabytes, "answerMegabytes", in: 1...1024)
    try limits.finish()
  }
}

extension ScenarioReader {
  /// Sets `value` to the whole number of `key`, where it is there.
  mutating func set(
    _ value: inout Int, _ key: String, in range: ClosedRange<Int>
  ) throws(ScenarioError) {
    if let number = try integer(key, in: range) { value = number }
  }
}
