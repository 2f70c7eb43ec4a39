import CLinuxShims
import Determinism
import FoundationEssentials
import Subjects

/// `torture bench`.
enum BenchCommand {
  static let options: [Options.Specification] = [
    .init(
      name: "area", argument: "AREA[,…]",
      help: "measure that alone: \(Area.allCases.map(\.rawValue).joined(separator: ", ")), or "
        + StoreBench.parts.map { "store.\($0)" }.joined(separator: ", ")),
    .init(
      name: "report", argument: "DIR",
      help: "where bench.json and bench.html go (default Reports)"),
    .init(
      name: "base-seeds", argument: "N",
      help: "explore: from how many base seeds the ways to explore are compared (default 20)"),
    .init(name: "canary", argument: "NAME", help: "canaries: that planted bug alone"),
    .init(name: "seconds", argument: "S", help: "how long a sample takes (default 2)"),
    .init(name: "seed", argument: "S", help: "the first of the fresh seeds (default: drawn)"),
    .init(name: "scenarios", argument: "DIR", help: "the folder of scenario files"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  /// A part of the measurements.
  enum Area: String, CaseIterable {
    /// Distinct crash states a second.
    case sim, fuse
    /// The mount's own speed and memory.
    case mount
    /// The reference store beside its peers.
    case store
    /// How small and how fast the failures of planted bugs shrink, and that they replay.
    case shrink
    /// How long planted bugs stay hidden.
    case canaries
    /// What coverage costs, and guided exploration beside random.
    case explore
  }

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "bench")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture bench [OPTION…]",
          "Measures throughput on one pinned core, the mount against a bare server and the native\n"
            + "file system, the store beside its peers, and searches for every planted bug from\n"
            + "fresh seeds. Prints a table and writes bench.json, and bench.html with a chart.",
          Self.options))
      return 0
    }
    let areas = try areas(options)
    let library = try ScenarioLibrary(options.values["scenarios"], program: program)
    let seconds = try options.seconds("seconds") ?? 2
    let drawn = Seed(UInt64.random(in: .min ... .max))
    let base = options.values["seed"].flatMap { Seed(parsing: $0) } ?? drawn
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let (environment, processors) = pin(base)
    let factory = TargetFactory(program: program)
    var measurements: [Measurement] = []
    func add(_ measurement: Measurement) {
      measurements.append(measurement)
      Console.print(row(measurement))
    }
    let report = options.values["report"] ?? "Reports"
    if areas.contains(.mount) {
      try Files.makeDirectory(report)
      try MountBench(program: program, nativeDirectory: report, isInterrupted: isInterrupted)
        .measure(add)
    }
    let file = library.directory + "/controls/throughput.json5"
    let scenario = try library.load(file)
    for kind in TargetKind.allCases where areas.contains(kind == .sim ? .sim : .fuse) {
      let throughput = ThroughputBench(
        targets: factory, scenario: scenario, kind: kind, secondsPerSample: seconds)
      add(try throughput.measure())
      try ScalingBench(
        of: throughput, processors: processors, program: program, file: file, directory: report
      ).measure(add)
    }
    let storeParts = storeParts(options, areas)
    if !storeParts.isEmpty {
      try Files.makeDirectory(report)
      try StoreBench(add: add, directory: report + "/store-bench", processors: processors)
        .run(storeParts)
    }
    let large = areas.contains(.shrink) ? try shrinkCanaries(library, factory, add) : []
    let canary = options.values["canary"]
    let escaped =
      areas.contains(.canaries) ? try searchCanaries(library, factory, base, only: canary, add) : []
    if areas.contains(.explore) {
      add(
        try CoverageCostBench(targets: factory, scenario: scenario, secondsPerSample: seconds)
          .measure())
      let baseSeeds = try options.count("base-seeds") ?? 20
      try ExplorationBench(library: library, targets: factory, base: base, baseSeeds: baseSeeds)
        .measure(add)
    }
    let notes = ExplorationBench.shortfalls(measurements)
    for note in notes { Console.print("note: \(note)") }
    let bench = BenchReport(
      environment: environment, pinning: "processor \(processors[0])",
      measurements: measurements, notes: notes)
    try write(bench, to: report)
    for name in escaped { Console.print("ESCAPED OR LATE  planted bug \(name)") }
    for name in large { Console.print("TOO LARGE  \(name)") }
    return escaped.isEmpty && large.isEmpty ? 0 : 3
  }

  /// Pins everything to the first of the processors that may be used, and says on what it measures.
  private static func pin(
    _ base: Seed
  ) -> (environment: Report.Environment, processors: [Int32]) {
    let processors = allowedProcessors()
    _ = clinux_pin_to_cpu(processors[0])
    let environment = EnvironmentReader.read()
    Console.print(
      "\(environment.cpu), kernel \(environment.kernel), libfuse \(environment.libfuse); "
        + "everything pinned to processor \(processors[0]); seed \(base)")
    return (environment, processors)
  }

  /// Shrinks a failure of each planted bug; those that are not within the bars.
  private static func shrinkCanaries(
    _ library: ScenarioLibrary, _ factory: TargetFactory, _ add: (Measurement) -> Void
  ) throws(RunError) -> [String] {
    var large: [String] = []
    for kind in TargetKind.allCases {
      try ShrinkBench(library: library, targets: factory).measure(on: kind) { bug, sample in
        guard let sample, sample.passes else {
          large.append(
            "\(bug) on \(kind.rawValue): "
              + (sample.map {
                "\($0.lines) lines, \(($0.seconds * 10).rounded() / 10) s, \($0.replaysBefore) "
                  + "and \($0.replaysAfter) replays of \(ShrinkBench.replays)"
              } ?? "no failure, or not reproduced"))
          return
        }
        let name = "\(kind.rawValue).shrink.\(bug.dropFirst("canary-".count))"
        add(Measurement(name, unit: "s", [sample.seconds]))
        add(
          Measurement(
            name + ".lines", unit: "lines", [Double(sample.lines)], peer: "before shrinking",
            peerSamples: [Double(sample.linesBefore)]))
      }
    }
    return large
  }

  /// The parts of the store's measurements that were asked for.
  private static func storeParts(_ options: Options, _ areas: [Area]) -> [String] {
    if areas.contains(.store) { return StoreBench.parts }
    return (options.values["area"] ?? "").split(separator: ",").compactMap(storePart)
  }

  /// The part of the store's measurements that `word` names, if any.
  private static func storePart(_ word: Substring) -> String? {
    StoreBench.parts.first { word == "store.\($0)" }
  }

  private static func areas(_ options: Options) throws(RunError) -> [Area] {
    guard let text = options.values["area"] else { return Area.allCases }
    var areas: [Area] = []
    for word in text.split(separator: ",") {
      if storePart(word) != nil { continue }
      guard let area = Area(rawValue: String(word)) else {
        throw .usage("there is no area \"\(word)\" to measure; torture bench --help lists them")
      }
      areas.append(area)
    }
    return areas
  }

  /// Searches for each planted bug from twenty fresh base seeds on each target; those that escape a
  /// search of a minute, or are found later than the bars have it.
  private static func searchCanaries(
    _ library: ScenarioLibrary, _ factory: TargetFactory, _ base: Seed, only: String?,
    _ add: (Measurement) -> Void
  ) throws(RunError) -> [String] {
    if let only, PlantedBug(rawValue: only) == nil {
      throw .usage("there is no planted bug \(only); torture list subjects has canary-NAME of each")
    }
    let proof = CanaryProof(
      library: library, targets: factory, progress: ProgressPrinter(isQuiet: true))
    var escaped: [String] = []
    for kind in TargetKind.allCases {
      for canary in try proof.kept(on: kind)
      where only == nil || canary.subject == "canary-\(only ?? "")" {
        var samples: [Double] = []
        var name = ""
        for round in 0..<20 {
          if isInterrupted() { throw .interrupted }
          let fresh = base.derived("canaries", round)
          let seeds = (0..<200).map { fresh.derived("fresh", $0) }
          let result = try proof.search(canary, on: kind, seeds: seeds, seconds: 60)
          name = result.name
          samples.append(result.seconds)
          if !result.caught { escaped.append("\(name) on \(kind.rawValue): \(result.found)") }
        }
        let measurement = Measurement("\(kind.rawValue).canary.\(name)", unit: "s", samples)
        add(measurement)
        let most = kind == .sim ? 2.0 : 10.0
        if measurement.median > most {
          let median = BenchPage.text(measurement.median)
          escaped.append(
            "\(name) on \(kind.rawValue): \(median) s, and not \(BenchPage.text(most))")
        }
      }
    }
    return escaped
  }

  private static func row(_ measurement: Measurement) -> String {
    let text = BenchPage.text
    let samples = measurement.samples.sorted()
    var row = measurement.name + String(repeating: " ", count: max(1, 46 - measurement.name.count))
    row += "\(text(measurement.median)) \(measurement.unit)"
    row += "  (\(text(samples.first ?? 0)) to \(text(samples.last ?? 0)))"
    if let peer = measurement.peer, let other = measurement.peerMedian,
      let ratio = measurement.ratio
    {
      row += "  \((ratio * 100).rounded() / 100) of \(text(other)): \(peer)"
    }
    return row
  }

  private static func write(_ report: BenchReport, to directory: String) throws(RunError) {
    try Files.makeDirectory(directory)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try Files.write(try encoder.encode(report), to: directory + "/bench.json")
      try Files.write(BenchPage(report: report).text, to: directory + "/bench.html")
    } catch let error as RunError {
      throw error
    } catch {
      throw .harness("the figures cannot be encoded: \(error)")
    }
  }
}
