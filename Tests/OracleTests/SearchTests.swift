import Oracle
import SubjectProtocol
import Testing

@Suite("Search")
struct SearchTests {
  private func story(features: Set<Feature> = []) -> Story {
    var story = Story(features: features)
    for (id, value) in [("a", 1), ("b", 2), ("c", 4)] as [(String, Float)] { story.put(id, value) }
    return story
  }

  private func search(
    _ story: inout Story, _ matches: [(String, Double)], count: Int = 2,
    metric: SearchQuery.Metric = .l2, vector: [Float] = [1]
  ) -> [ViolationName] {
    let query = SearchQuery(vector: vector, count: count, metric: metric)
    let matches = matches.map { Match(id: Array($0.0.utf8), distance: $0.1) }
    return story.ask(.search(query), .matches(matches)).map(\.name)
  }

  @Test("The nearest records in order are right, for every distance")
  func right() {
    var story = story()
    #expect(search(&story, [("a", 0), ("b", 1)]).isEmpty)
    #expect(search(&story, [("c", -4), ("b", -2)], metric: .dot).isEmpty)
    #expect(search(&story, [("c", 0), ("a", 0), ("b", 0)], count: 3, metric: .cosine).isEmpty)
    #expect(search(&story, [("a", 0), ("b", 1), ("c", 9)], count: 10).isEmpty)
  }

  @Test("A distance is right within the tolerance and wrong beyond it")
  func tolerance() {
    var story = story()
    #expect(search(&story, [("a", 0.00009), ("b", 1.00019)]).isEmpty)
    #expect(search(&story, [("a", 0.00011), ("b", 1)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 0), ("b", 1.00021)]) == [.searchDisagrees])
    #expect(search(&story, [("a", .nan), ("b", 1)]) == [.searchDisagrees])
  }

  @Test("Omissions, strangers, repeats, wrong order and too many are wrong")
  func wrong() {
    var story = story()
    #expect(search(&story, [("a", 0), ("c", 9)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 0)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 0), ("x", 1)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 0), ("a", 0)]) == [.searchDisagrees])
    #expect(search(&story, [("b", 1), ("a", 0)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 0), ("b", 1), ("c", 9)]) == [.searchDisagrees])
  }

  @Test("Ties come in any order, and either may be left out")
  func ties() {
    var story = story()
    story.put("d", 2)
    #expect(search(&story, [("a", 0), ("d", 1)]).isEmpty)
    #expect(search(&story, [("a", 0), ("b", 1)]).isEmpty)
    #expect(search(&story, [("a", 0), ("d", 1), ("b", 1)], count: 3).isEmpty)
  }

  @Test("An approximate search may leave records out, but not invent or misplace them")
  func approximate() {
    var story = story(features: [.approximateSearch])
    #expect(search(&story, [("a", 0), ("c", 9)]).isEmpty)
    #expect(search(&story, []).isEmpty)
    #expect(search(&story, [("c", 9), ("a", 0)]) == [.searchDisagrees])
    #expect(search(&story, [("a", 5)]) == [.searchDisagrees])
    #expect(search(&story, [("x", 0)]) == [.searchDisagrees])
  }

  @Test("Zero and non-finite records are not compared")
  func notCompared() {
    var story = story()
    story.put("z", 0)
    story.put("i", .infinity)
    #expect(search(&story, [("a", 0), ("b", 1)]).isEmpty)
    #expect(search(&story, [("a", 0), ("z", 1)]).isEmpty)
    #expect(search(&story, [("a", 0), ("i", .infinity)]).isEmpty)
  }

  @Test("A record whose value is open may match with any of its values, or not at all")
  func open() {
    var story = story()
    story.put("a", 2, io)
    #expect(search(&story, [("a", 0), ("b", 1)]).isEmpty)
    #expect(search(&story, [("b", 1), ("a", 1)]).isEmpty)
    #expect(search(&story, [("a", 3), ("b", 1)]) == [.searchDisagrees])
    // What a read has shown is no longer open.
    story.get("a", 2)
    #expect(search(&story, [("a", 0), ("b", 1)]) == [.searchDisagrees])
  }
}
