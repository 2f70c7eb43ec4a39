import ExampleStore
import SubjectKit
import Testing

@Suite("The example store")
struct ExampleStoreTests {
  @Test("Nothing it promises is lost, wherever the power is cut")
  func holds() throws {
    try Torture.check(ExampleStore.self, seeds: 4)
  }

  @Test("Without its barriers it is found out, and the message is all it takes to see it again")
  func forgetful() throws {
    let report = ".build/torture/forgetful-test"
    let failure = #expect(throws: Torture.Failure.self) {
      try Torture.check(Forgetful.self, seeds: 4, seed: "1", scenarios: ["smoke"], report: report)
    }
    let message = try #require(failure).description
    #expect(message.contains("forgetful broke a promise: "))
    #expect(message.contains("TORTURE_SEED=0x"))
    #expect(message.contains("swift test --filter forgetful"))
    // The schedule is shrunk: an open and a change are all it needs.
    #expect(message.contains("without it: nothing is broken"))
    let parts = message.split(separator: "'")
    let directory = String(try #require(parts.dropLast().last))
    let again = #expect(throws: Torture.Failure.self) {
      try Torture.replay(Forgetful.self, directory)
    }
    #expect(try #require(again).description.contains("forgetful broke a promise: "))
    // A store without the bug does not break in any crash of that schedule.
    try Torture.replay(ExampleStore.self, directory)
  }
}

/// The example store on files whose barriers do nothing.
private final class Forgetful: TortureStore {
  static let description: SubjectDescription = {
    var description = ExampleStore.description
    description.name = "forgetful"
    return description
  }()

  private let store: ExampleStore

  init(files: any Storage, options: StoreOptions) throws {
    store = try ExampleStore(files: Unsynced(files), options: options)
  }

  func put(_ key: RecordKey, _ value: RecordValue) throws { try store.put(key, value) }
  func delete(_ key: RecordKey) throws { try store.delete(key) }
  func records() -> [(key: RecordKey, value: RecordValue)] { store.records() }
  func flush() throws { try store.flush() }
  func close() { store.close() }
}

private final class Unsynced: Storage {
  private let files: any Storage

  init(_ files: any Storage) { self.files = files }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID { try files.open(path, mode) }
  func close(_ file: FileID) { files.close(file) }
  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int { try files.read(file, at: offset, into: buffer) }
  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int { try files.write(file, at: offset, bytes) }
  func size(_ file: FileID) throws(Errno) -> UInt64 { try files.size(file) }
  func truncate(_ file: FileID, to size: UInt64) throws(Errno) {
    try files.truncate(file, to: size)
  }
  func synchronize(_ file: FileID, dataOnly: Bool) {}
  func synchronizeDirectory(_ path: String) {}
  func rename(_ source: String, to target: String) throws(Errno) {
    try files.rename(source, to: target)
  }
  func remove(_ path: String) throws(Errno) { try files.remove(path) }
  func makeDirectory(_ path: String) throws(Errno) { try files.makeDirectory(path) }
  func list(_ path: String) throws(Errno) -> [String] { try files.list(path) }
}
