import Determinism
@testable import DurabilityModel
import Testing

@Suite("Containment")
struct ContainmentTests {
  @Test("measure", arguments: Workload.all.map(\.name).filter { $0.hasPrefix("i1") || $0.hasPrefix("g downapp") })
  func measure(name: String) throws {
    let file = try ObservationFile.shared.get()
    let workload = try #require(Workload.all.first { $0.name == name })
    let search = CrashSearch(workload: workload, parameters: DiskParameters())
    let clock = ContinuousClock()
    var found = CrashSearch.Found()
    var wanted = CrashSearch.Wanted(names: [:])
    for row in file.rows where row.workload == name && row.stage != "any" { 
      
      wanted.names[row.stage, default: []].insert(row.observation)
    }
    for flag in file.flags where flag.workload == name && flag.flag != "mount failed" {
      
      wanted.flags.insert(flag.flag)
    }
    let points = try search.crashPoints()
    let time = clock.measure { search.enumerate(points, ExplosionLimits(), &found, &wanted) }
    let n = found.states
    let time2 = clock.measure { search.direct(points, &found, &wanted) }
    print("## \(name): \(n) \(found.states) states, \(time) \(time2) missing", wanted.names.filter { !$0.value.isEmpty}, wanted.flags)
  }
}
