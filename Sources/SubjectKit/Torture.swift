import Glibc
import Harness
import PosixIO
import Subjects

/// Crashes a `TortureStore` in every way a disk permits.
public enum Torture {
  /// A broken promise, or why nothing was measured; its description is what a test should show.
  public struct Failure: Error, CustomStringConvertible {
    /// What happened, the seed, and the command that replays it.
    public let description: String
  }

  /// Runs `seeds` seeds of each scenario in this process, and throws what is broken: shrunk, with
  /// its seed, and with the command that replays it alone.
  ///
  /// With `TORTURE_REPLAY=DIRECTORY` in the environment the failure kept there is replayed instead;
  /// with `TORTURE_SEED=SEED` that seed alone is run.
  public static func check<Store: TortureStore>(
    _ store: Store.Type, seeds: Int = 20, seed: String? = nil,
    scenarios: [String] = ["smoke", "torn-writes", "failed-fsync"],
    report: String? = nil, test: String = #function
  ) throws(Failure) {
    if let directory = getenv("TORTURE_REPLAY") {
      return try replay(store, String(cString: directory), test: test)
    }
    let name = Store.description.name
    let chosen = getenv("TORTURE_SEED").map { String(cString: $0) }
    let run = EmbeddedRun(
      subject: name, scenarios: scenarios, seeds: chosen == nil ? seeds : 1, seed: chosen ?? seed,
      report: report ?? ".build/torture/\(name)", make: { KitSubject<Store>($0) })
    try told(name, test) { () throws(EmbeddedRun.Problem) in _ = try run.run() }
  }

  /// Replays the failure in `directory`, and throws it where it is there again.
  public static func replay<Store: TortureStore>(
    _ store: Store.Type, _ directory: String, test: String = #function
  ) throws(Failure) {
    let name = Store.description.name
    let run = EmbeddedRun(
      subject: name, scenarios: [], seeds: 1, seed: nil, report: "",
      make: { KitSubject<Store>($0) })
    try told(name, test) { () throws(EmbeddedRun.Problem) in try run.replay(directory) }
  }

  private static func told(
    _ name: String, _ test: String, _ body: () throws(EmbeddedRun.Problem) -> Void
  ) throws(Failure) {
    do throws(EmbeddedRun.Problem) { try body() } catch {
      let filter = String(test.prefix { $0 != "(" })
      throw Failure(description: error.message(of: name, rerun: "swift test --filter \(filter)"))
    }
  }

  /// The whole of `main.swift` of a subject's program. Without words it answers the protocol on
  /// standard input, for `torture run --subject-command`; with words it is `torture` itself, to
  /// which the store is known by its name: `run --subject NAME --target sim,fuse`, `replay`,
  /// `shrink`…
  public static func main<Store: TortureStore>(_ store: Store.Type) -> Never {
    let make: SubjectFactory = { KitSubject<Store>($0) }
    let words = Array(CommandLine.arguments.dropFirst())
    if !words.isEmpty {
      exit(EmbeddedCommand.main(words, subject: Store.description.name, make: make))
    }
    var server = StandardIOServer()
    let ending = server.run(
      make { (directory: String) throws(Errno) -> any Storage in
        try PosixStorage(directory: directory)
      })
    exit(ending == .endOfInput ? 0 : 1)
  }
}
