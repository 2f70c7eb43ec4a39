import DurabilityModel
import Foundation
import Scenarios
import SubjectProtocol
import Testing

@Suite("Scenarios and their files")
struct ScenarioTests {
  static func read(_ text: String) throws(ScenarioError) -> Scenario {
    try Scenario(reading: Array(text.utf8), file: "Scenarios/x.json5")
  }

  static func failure(_ text: String) -> String? {
    do {
      _ = try read(text)
      return nil
    } catch {
      return error.description
    }
  }

  @Test("A scenario needs no more than a purpose")
  func defaults() throws {
    let scenario = try Self.read("{purpose: 'p'}")
    #expect(scenario == Scenario(name: "x", purpose: "p"))
    #expect(scenario.weights == .standard)
    #expect(scenario.dimension == 8 && scenario.operations == 32 && scenario.epochs == 2)
    #expect(scenario.crashes == [.process, .power])
    #expect(scenario.disk == DiskParameters())
    #expect(scenario.limits.requestSeconds == 5)
  }

  @Test("Every key is read")
  func everything() throws {
    let text = """
      {purpose: "p", dimension: 3, operations: 5, epochs: 1, continuations: 0,
       weights: {put: 2, reopen: 1}, swarm: false,
       keys: {count: 4, hot: 1, hotShare: 10}, recordBytes: {minimum: 10, maximum: 20, share: 60},
       crashes: ["power-loss"],
       disk: {model: "posix-min", sectorSize: 4096, tears: ["sector-prefix"], garbage: [],
              afterFailedBarrier: "ext4", liesAboutBarriers: true,
              quota: {minimum: 8192, maximum: 65536, errnos: ["EDQUOT"]}},
       explosion: {exhaustiveUpTo: 7, samplesPerPoint: 8, statesPerLife: 9},
       faults: [{operation: "fsync", errno: "EIO"},
                {operation: "write", errno: "ENOSPC", role: "wal-#", share: 30,
                 states: ["xfs", "ext4-abort"], lost: ["all", "last"]},
                {operation: "write-back", errno: "EDQUOT", share: 7}, {operation: "evict"},
                {operation: "read", short: 9}, {operation: "open", slow: 3},
                {operation: "fsyncdir", hangs: true}],
       options: {segmentBytes: 2048},
       limits: {requestSeconds: 1, memoryMegabytes: 64, standardErrorKilobytes: 2,
                answerMegabytes: 3},
       contract: {acknowledgement: {"power-loss": "none"}, barriers: ["flush"], syncEvery: null,
                  order: "per-key", transactions: false, batches: "none", clear: "per-record",
                  creation: "unspecified", afterFailedBarrier: "continues",
                  failedOperations: "absent", recovered: "durable", detects: ["torn-write"]},
       requires: ["begin"], expects: "loss"}
      """
    let scenario = try Self.read(text)
    #expect(scenario.weights.active == [.put, .reopen])
    #expect(scenario.weights[.put] == 2 && scenario.weights[.delete] == 0)
    #expect(scenario.keys.hotShare == 10 && scenario.recordBytes.maximum == 20)
    #expect(scenario.recordBytes.share == 60)
    #expect(scenario.disk.sectorSize == 4096 && scenario.disk.liesAboutBarriers)
    #expect(scenario.disk.tears == [.sectorPrefix] && scenario.disk.garbage.isEmpty)
    var write = FaultTemplate(.call(.write), .fails(errno: "ENOSPC"))
    (write.role, write.share) = ("wal-#", 30)
    (write.states, write.lost) = ([.xfs, .ext4Abort], [.all, .last])
    var late = FaultTemplate(.background(.writeBack), .fails(errno: "EDQUOT"))
    late.share = 7
    #expect(
      scenario.faults == [
        FaultTemplate(.call(.fsync), .fails(errno: "EIO")), write, late,
        FaultTemplate(.background(.evict), .done), FaultTemplate(.call(.read), .short(most: 9)),
        FaultTemplate(.call(.open), .slow(most: 3)), FaultTemplate(.call(.fsyncdir), .hangs),
      ])
    #expect(
      scenario.quota == QuotaRange(minimum: 8192, maximum: 65536, kinds: [.quotaIsUsedUp]))
    #expect(scenario.options["segmentBytes"] == .number(2048))
    #expect(scenario.limits.answerMegabytes == 3)
    #expect(scenario.expects == .loss)
    #expect(!scenario.isAllowed(by: [.put]) && scenario.isAllowed(by: [.begin]))
    let contract = scenario.contract.apply(to: Contract(syncEvery: 5))
    let expected = Contract(
      acknowledgementAfterPowerLoss: .none, barriers: [.flush], order: .perKey,
      clearIsAtomic: false, creationIsAtomic: false, afterFailedBarrier: .continues,
      failedOperationsAreAbsent: true, recoveredIsDurable: true, detects: ["torn-write"])
    #expect(contract == expected)
  }

  @Test("No override leaves every contract as it is")
  func noOverrides() {
    let contract = Contract(
      acknowledgementAfterPowerLoss: .volatile, barriers: [], syncEvery: 3, order: .perKey,
      transactions: true, batchesAreAtomic: true, detects: ["x"])
    #expect(ContractOverrides().apply(to: contract) == contract)
  }

  /// What a fault of a scenario can strike, as messages list it.
  static let operations: String = {
    let names = FaultableOperation.allCases.map(\.rawValue) + ["write-back", "evict"]
    return names.map { "\"" + $0 + "\"" }.joined(separator: ", ")
  }()

  @Test(
    "Every mistake has its file, line and a hint",
    arguments: [
      ("[]", "1: a scenario must be an object"),
      ("{}", "1: \"purpose\" is missing: every scenario says what it is after"),
      (
        "{\n purpose: 'p',\n operatons: 3}",
        "3: unknown key \"operatons\"; did you mean \"operations\"?"
      ),
      (
        "{purpose: 'p', disk: {\nsectorsize: 512}}",
        "2: unknown key \"sectorsize\"; did you mean \"sectorSize\"?"
      ),
      (
        "{purpose: 'p', keys: {\n\n zebra: 1}}",
        "3: unknown key \"zebra\"; known here: count, hot, hotShare"
      ),
      ("{purpose: 'p',\n epochs: 'two'}", "2: \"epochs\" must be a whole number from 1 to 16"),
      ("{purpose: 'p', epochs: 1.5}", "1: \"epochs\" must be a whole number from 1 to 16"),
      ("{purpose: 'p', epochs: 17}", "1: \"epochs\" must be a whole number from 1 to 16"),
      ("{purpose: 5}", "1: \"purpose\" must be a string"),
      ("{purpose: 'p', swarm: 1}", "1: \"swarm\" must be true or false"),
      ("{purpose: 'p', disk: {sectorSize: 600}}", "1: \"sectorSize\" must be 512 or 4096"),
      ("{purpose: 'p', keys: {count: 2, hot: 3}}", "1: \"hot\" must be a whole number from 0 to 2"),
      (
        "{purpose: 'p', crashes: ['power-los']}",
        "1: \"crashes\" cannot be \"power-los\", only \"process-crash\", \"power-loss\"; "
          + "did you mean \"power-loss\"?"
      ),
      ("{purpose: 'p', crashes: []}", "1: \"crashes\" must name at least one"),
      (
        "{purpose: 'p', crashes: ['power-loss','power-loss']}",
        "1: \"crashes\" has \"power-loss\" twice"
      ),
      (
        "{purpose: 'p', disk: {model: 7}}",
        "1: \"model\" must be one of \"posix-min\", \"ext4-ordered\", \"xfs\", \"btrfs\", "
          + "\"lazyfs\""
      ),
      (
        "{purpose: 'p', weights: {delete: 1}}",
        "1: \"weights\" must let something be written: \"put\", \"batch\" or \"transaction\""
      ),
      (
        "{purpose: 'p', faults: [\n{operation: 'fsync'}]}",
        "2: a fault needs an effect: an \"errno\" such as \"EIO\", or \"short\", \"slow\" or "
          + "\"hangs\""
      ),
      (
        "{purpose: 'p', faults: [{errno: 'EIO'}]}",
        "1: a fault needs an \"operation\", such as \"fsync\""
      ),
      (
        "{purpose: 'p', faults: [{\n operation: 'fsyncdirr', errno: 'EIO'}]}",
        "2: \"operation\" cannot be \"fsyncdirr\", only \(Self.operations); "
          + "did you mean \"fsyncdir\"?"
      ),
      (
        "{purpose: 'p', faults: [{operation: 'fsync',\n errno: 'EI0'}]}",
        "2: \"errno\" cannot be \"EI0\"; did you mean \"EIO\"?"
      ),
      (
        "{purpose: 'p', faults: [{operation: 'fsync', errno: 5}]}",
        "1: \"errno\" must be the name of an errno, such as \"EIO\""
      ),
      ("{purpose: 'p', faults: [1]}", "1: each of \"faults\" must be an object"),
      ("{purpose: 'p', options: []}", "1: \"options\" must be an object"),
      (
        "{purpose: 'p', contract: {order: 'total'}}",
        "1: \"order\" cannot be \"total\", only \"prefix\", \"per-key\""
      ),
    ])
  func mistakes(text: String, message: String) {
    #expect(Self.failure(text) == "Scenarios/x.json5:" + message)
  }

  @Test("The kept scenarios are read, and their names are their files'")
  func kept() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Scenarios")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json5") }.sorted()
    for name in [
      "smoke", "power-loss", "torn-writes", "failed-fsync", "transactions", "checkpoints",
    ] {
      #expect(files.contains("\(name).json5"))
    }
    for file in files {
      let text = try Data(contentsOf: folder.appending(path: file))
      let scenario = try Scenario(reading: Array(text), file: "Scenarios/\(file)")
      #expect("\(scenario.name).json5" == file)
      #expect(text.starts(with: Data("//".utf8)), "\(file) starts with a comment that explains it")
    }
  }
}
