import Determinism
import Scenarios
import Testing

@Suite("The clocks of lives")
struct ClockPlanTests {
  /// The starts of a workload's lives, each with a recovery after it that crashed.
  static func starts(_ plan: ClockPlan) -> [Int] {
    (0..<8).flatMap { life -> [Int] in
      let number = UInt64(life) * ScheduledRequest.epochStride
      let recovery = number + ScheduledRequest.recoveryNumbers.lowerBound
      return [
        plan.start(ofLife: number + 1),
        plan.start(ofLife: recovery + ScheduledRequest.recoveryStride + 1),
      ]
    }
  }

  @Test("A clock goes on from life to life, and recoveries come last")
  func ordinary() {
    for seed in 0..<50 as Range<UInt64> {
      let plan = ClockPlan(seed: Seed(seed), changes: [])
      let lives = stride(from: 0, to: 16, by: 2).map { Self.starts(plan)[$0] }
      #expect(lives == lives.sorted() && Set(lives).count == lives.count, "seed \(seed)")
      #expect(Self.starts(plan).allSatisfy { $0 < plan.recovery }, "seed \(seed)")
    }
  }

  @Test("Each change of the clock happens, and only those that are asked for")
  func changes() {
    var seen: Set<ClockPlan.Change> = []
    for seed in 0..<50 as Range<UInt64> {
      for change in ClockPlan.Change.allCases {
        let plan = ClockPlan(seed: Seed(seed), changes: [change])
        let lives = stride(from: 0, to: 16, by: 2).map { Self.starts(plan)[$0] }
        for (before, after) in zip(lives, lives.dropFirst()) {
          switch change {
          case .stepsBack: if after < before { seen.insert(change) }
          case .jumps: if after - before >= 365 * 86_400 { seen.insert(change) }
          case .standsStill: if after == before { seen.insert(change) }
          }
          #expect(change == .stepsBack || after >= before, "seed \(seed)")
          #expect(change == .standsStill || after != before, "seed \(seed)")
        }
      }
    }
    #expect(seen == Set(ClockPlan.Change.allCases))
  }

  @Test("No clock leaves the nanoseconds that fit in 63 bits")
  func bounds() {
    for seed in 0..<200 as Range<UInt64> {
      let plan = ClockPlan(seed: Seed(seed), changes: [.jumps])
      let last = plan.start(ofLife: 15 * ScheduledRequest.epochStride + 1)
      for seconds in [last, plan.recovery, plan.start(ofLife: 1)] {
        #expect(seconds > 0 && !seconds.multipliedReportingOverflow(by: 1_000_000_000).overflow)
      }
      #expect(last > plan.start(ofLife: 1))
    }
  }

  @Test("The requests of one life share its clock, whichever of them is the first")
  func stable() {
    let plan = ClockPlan(seed: Seed(7), changes: ClockPlan.Change.allCases)
    #expect(plan.start(ofLife: 2_000_001) == plan.start(ofLife: 2_000_031))
    #expect(plan.start(ofLife: 2_000_001) == plan.start(ofLife: 2_800_001))
  }
}
