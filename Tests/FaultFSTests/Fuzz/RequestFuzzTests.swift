import Determinism
@testable import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import Testing

/// Requests that no kernel sends: each gets an answer, and none a trap.
///
/// `TORTURE_FUZZ_REQUESTS=1000000 swift test --filter RequestFuzz` sends a million.
@Suite("Malformed requests", .serialized)
struct RequestFuzzTests {
  @Test("get an error or an answer, and leave the disk whole", arguments: [1, 2] as [UInt64])
  func areAnswered(seed: UInt64) throws {
    let total = Environment.number("TORTURE_FUZZ_REQUESTS").map { Int($0) / 2 } ?? 20_000
    let seed = seed + (Environment.number("TORTURE_PROPERTY_SEED") ?? 0)
    var options = MountOptions()
    options.mode = seed % 2 == 0 ? .cached : .direct
    var generator = RequestGenerator(Seed(seed).derived("requests"))
    var sent = 0
    var served = 0
    while sent < total {
      let kernel = try PlayedKernel(options)
      let world = World(disk: Disk(parameters: DiskParameters()), recording: true)
      #expect(kernel.mount.attach(world, name: "w") == 0)
      for _ in 0..<min(1_000, total - sent) {
        let request = generator.next()
        let reply = try kernel.ask(
          request.operation, node: request.node, user: request.user, request.body)
        sent += 1
        if reply?.error == 0 { served += 1 }
        // A reading of a mebibyte may not fit the socket.
        let mayBeLost = request.operation == 15 || request.operation == 47
        if request.isAnswered && !mayBeLost {
          #expect(reply != nil, "seed \(seed), request \(sent), operation \(request.operation)")
        }
      }
      try Self.explore(world, Seed(seed))
      let root = try #require(try kernel.ask(3, node: 1 << 32 | 1, Self.zeros(16)))
      #expect(root.error == 0)
    }
    // Requests that all miss would prove nothing.
    #expect(served > sent / 10, "seed \(seed): \(served) of \(sent) requests succeeded")
  }

  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// What huge offsets left behind must come through power cuts as well.
  static func explore(_ world: World, _ seed: Seed) throws {
    let disk = world.disk
    var states = 0
    CrashStateEnumerator(
      disk: disk, limits: ExplosionLimits(exhaustiveUpTo: 4, samplesPerPoint: 4), seed: seed
    ).forEachChoice(onlyNew: true) { choice in
      guard states < 8 else { return }
      states += 1
      #expect(disk.accepts(choice))
      _ = disk.afterPowerLoss(choice).stateDigest()
    }
    _ = disk.afterProcessCrash().stateDigest()
    _ = disk.stateDigest()
  }
}
