import Determinism
import DurabilityModel
import FoundationEssentials
import Oracle
import Scenarios
import Testing

@testable import Harness

@Suite("Ways to explore")
struct ExplorationTests {
  /// A scenario whose seeds take a fraction of a second.
  private func scenario(_ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 10
    scenario.explosion.exhaustiveUpTo = 8
    scenario.explosion.samplesPerPoint = 2
    scenario.explosion.recoveries = 1
    scenario.explosion.depth = 1
    var barrier = FaultTemplate(.call(.fsync), .fails(errno: "EIO"))
    barrier.share = 30
    var write = FaultTemplate(.call(.write), .fails(errno: "ENOSPC"))
    write.share = 30
    scenario.faults = [barrier, write]
    change(&scenario)
    return scenario
  }

  private func plan(
    _ mode: ExplorationMode, _ subject: String = "reference", seeds: Int, jobs: Int = 2,
    _ scenario: Scenario
  ) -> RunPlan {
    var plan = RunPlan(
      scenarios: [RunPlan.NamedScenario(name: "test", scenario: scenario, source: "{}")],
      targets: [.sim], subject: .builtIn(subject), seed: Seed(11), limit: .seeds(seeds),
      jobs: jobs)
    plan.exploration = mode
    return plan
  }

  @Test("A guided run comes to the same with one worker and with three, and varies what it keeps")
  func guidedIsDeterministic() throws {
    let one = report(of: plan(.guided, seeds: 40, jobs: 1, scenario()))
    let three = report(of: plan(.guided, seeds: 40, jobs: 3, scenario()))
    #expect(try one.json() == three.json())
    #expect(one.recordings.count == 40)
    let variations = one.recordings.compactMap(\.variation)
    #expect(variations.count == 40)
    #expect(variations.contains { $0.contains("aim=") })
    #expect(Set(variations).count > 5)
  }

  @Test("Each recording of a guided run can be made again by its seed and variation")
  func recordingsAgain() throws {
    let guided = report(of: plan(.guided, seeds: 30, scenario()))
    let varied = guided.recordings.filter { $0.variation != "guided" }.prefix(4)
    #expect(varied.count == 4)
    for recording in varied {
      var again = plan(.random, seeds: 1, scenario())
      again.seed = try #require(Seed(parsing: recording.seed))
      let variation = try #require(recording.variation)
      again.variation = Variation(parsing: variation)
      #expect(again.variation?.text == variation)
      let made = try #require(report(of: again).recordings.first)
      #expect(made.numbers == recording.numbers, "\(recording.command)")
      #expect(made.violations.isEmpty)
    }
  }

  @Test("Aiming at a place that was never hit hits it")
  func aims() throws {
    let scenario = scenario {
      $0.faults[0].share = 1; $0.faults[1].share = 1
    }
    let random = report(of: plan(.random, seeds: 2, scenario))
    let missed = random.coverage.cells.filter { !$0.reached && $0.event == "fault-EIO" }
    let cell = try #require(missed.first)
    #expect(cell.why?.contains("recordings had the place") == true)
    let text = try #require(cell.aim.split(separator: "'").last.map(String.init))
    var aimed = plan(.random, seeds: 5, scenario)
    aimed.variation = Variation(parsing: text)
    #expect(aimed.variation?.aims.count == 1)
    let hit = report(of: aimed).coverage.cells.first {
      $0.operation == cell.operation && $0.role == cell.role && $0.phase == cell.phase
        && $0.event == cell.event
    }
    #expect(hit?.reached == true, "\(cell.aim)")
  }

  @Test("An exhaustive run has every fault at every place once, and ends")
  func exhaustive() throws {
    let small = scenario {
      $0.operations = 3
      $0.epochs = 1
      $0.explosion.depth = 0
    }
    let whole = report(of: plan(.exhaustive, seeds: 1, small))
    let variations = whole.recordings.compactMap {
      $0.variation.flatMap { Variation(parsing: $0) }
    }
    #expect(variations.count == whole.recordings.count)
    #expect(variations[0].single == nil && whole.recordings[0].numbers.faultsFired == 0)
    let faults = variations.dropFirst().compactMap(\.single)
    #expect(faults.count == whole.recordings.count - 1 && faults.count > 8)
    #expect(Set(faults.map(\.fault.text)).count == faults.count)
    // With one fault in one life each fires.
    #expect(whole.recordings.dropFirst().allSatisfy { $0.numbers.faultsFired == 1 })
    #expect(whole.coverage.cells.allSatisfy { $0.reached || !$0.event.hasPrefix("fault-") })
    #expect(try report(of: plan(.exhaustive, seeds: 1, jobs: 1, small)).json() == whole.json())
  }

  @Test("A violation that a guided run finds replays", arguments: [3, 5] as [UInt64])
  func violationsReplay(seed: UInt64) throws {
    let scenario = scenario { $0.epochs = 3 }
    let target = try TargetFactory(program: "").make(
      .sim, subject: .builtIn("canary-fsync-error-ignored"))
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: "test", scenario: scenario,
      subjectName: "canary-fsync-error-ignored")
    var found = 0
    for number in 0..<12 {
      var variation = Variation.guided
      variation.faults = Seed(seed).derived("f", number)
      variation.edits = Seed(seed).derived("e", number)
      variation.crashes = Seed(seed).derived("c", number)
      var explorer = Explorer(
        session: session, seed: Seed(seed).derived("s", number), variation: variation)
      try explorer.run()
      for failure in explorer.failures {
        found += 1
        let written = ScheduleFile(failure, subject: .builtIn(session.subjectName))
        let schedule = try ScheduleFile(parsing: written.text, file: "schedule")
        let replayed = try Replayer(session: session, schedule: schedule).replay()
        #expect(replayed.reproduces(schedule), "\(failure.name), \(variation.text)")
      }
    }
    #expect(found > 0)
  }

  @Test("A report is a corpus, and what it has reached is not aimed at again")
  func corpus() throws {
    let guided = report(of: plan(.guided, seeds: 20, scenario()))
    let file =
      FileManager.default.temporaryDirectory.path()
      + "torture-corpus-\(UInt64.random(in: 0 ... .max)).json"
    defer { Files.remove(file) }
    try Files.write(try guided.json(), to: file)
    var next = plan(.guided, seeds: 30, scenario())
    next.corpus = try CorpusReader.read(file, for: next)
    let corpus = try #require(next.corpus)
    #expect(corpus.count > 0 && corpus.count <= 20)
    next.seed = Seed(12)
    let reached = Set(
      guided.coverage.cells.filter(\.reached).map {
        "aim=" + [$0.operation, $0.role, $0.phase, $0.event].joined(separator: ",")
      })
    for recording in report(of: next).recordings {
      for word in (recording.variation ?? "").split(separator: " ") {
        #expect(!reached.contains(String(word)))
      }
    }
    var other = next
    other.subject = .builtIn("minimal")
    #expect(throws: RunError.self) { try CorpusReader.read(file, for: other) }
  }

  @Test("A variation's text reads back as the same", arguments: 0..<200)
  func text(seed: UInt64) throws {
    var generator = PRNG(Seed(seed))
    var variation = Variation(kind: generator.pick([.guided, .exhaustive]))
    if generator.chance(1, in: 2) { variation.faults = Seed(generator.next()) }
    if generator.chance(1, in: 2) { variation.crashes = Seed(generator.next()) }
    if generator.chance(1, in: 2) { variation.edits = Seed(generator.next()) }
    for _ in 0..<generator.below(4) {
      let role = generator.pick(["wal-#.log", "/", "a,b=c", "p%q", "n\u{E4}me", "it's"])
      variation.aims.append(
        Variation.Aim(
          place: CoveragePlace(
            operation: generator.pick(["write", "copy-range"]), role: FileRole(name: role),
            phase: generator.pick(Phase.allCases)), event: generator.pick(CoverageEvent.all)))
    }
    if generator.chance(1, in: 2) {
      let fault = try #require(Fault(parsing: "request=7 write wal-#.log nth=2 EIO after=32"))
      variation.single = Variation.SingleFault(life: "0.r1", fault: fault)
    }
    #expect(Variation(parsing: variation.text) == variation, "\(variation.text)")
    #expect(!variation.text.utf8.contains(UInt8(ascii: "'")))
  }

  @Test(
    "What is no variation is refused",
    arguments: [
      "", "random", "guided x", "guided faults=z", "guided aim=write,a,append", "guided life=0",
      "guided aim=write,a,append,boom", "exhaustive fault=request%3d7", "guided aim=%z,a,append,x",
    ])
  func rubbish(text: String) { #expect(Variation(parsing: text) == nil) }

  @Test("A point of a common kind keeps two choices, of different events")
  func effort() {
    let choices = (0..<40).map { index in
      PowerLossChoice(names: [index % 3 == 0, index % 2 == 0], files: [])
    }
    let all = Set(choices.map { CoverageEvent.of($0) })
    let few = Effort.less.selected(choices, Seed(4))
    #expect(all.count > 2)
    #expect(few.count == 2 && Set(few.map { CoverageEvent.of($0) }).count == 2)
    #expect(Effort.full.selected(choices, Seed(4)).count == 40)
  }
}
