import PosixIO
import ReferenceStore
import Testing

@Suite("The documentation's example")
struct ExampleTests {
  /// The lines of `ReferenceStore.md`, which a test of the repository holds against these.
  @Test("It compiles and does what it says")
  func example() throws {
    try withDirectory { path in
      let storage = try PosixStorage(directory: path)
      let store = try Store(storage: storage, options: StoreOptions(dimension: 3))
      try store.createNamespace(Array("fruit".utf8))
      let apple = Store.Key(namespace: Array("fruit".utf8), id: Array("apple".utf8))
      try store.put(apple, vector: [1, 0, 0], metadata: Array(#"{"colour":"red"}"#.utf8))
      try store.batch([
        .put(.init(id: [1]), vector: [0, 1, 0], metadata: []), .delete(.init(id: [2])),
      ])
      let nearest = try store.search(
        [0.9, 0.1, 0], count: 1, metric: .cosine, namespace: apple.namespace)
      print(String(decoding: nearest[0].id, as: UTF8.self), try store.get(apple)?.vector ?? [])
      try store.checkpoint()
      try store.close()
      #expect(nearest.map(\.id) == [apple.id])
    }
  }
}
