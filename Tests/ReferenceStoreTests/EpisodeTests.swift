import Testing

@testable import ReferenceStore

@Suite("Seeded lives over several crashes")
struct EpisodeTests {
  /// A failing seed is printed with the violation: run `Episode(seed:)` with it.
  @Test(
    "Nothing acknowledged is lost and nothing else appears, whatever fails and whenever it stops")
  func episodes() {
    var dropped = 0
    for seed in UInt64(1)...600 {
      var episode = Episode(seed: seed)
      do {
        try episode.run(epochs: 5)
      } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
      dropped += episode.droppedOperations
    }
    #expect(dropped > 1000, "the power cuts met pending operations")
  }
}
