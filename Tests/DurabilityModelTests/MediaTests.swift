import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// Damage to the image that a power cut leaves (disk.md, "Media faults and lying disks are profiles
/// of their own").
@Suite("Media faults")
struct MediaTests {
  /// A log of three records of one sector each, with a barrier after each; the recorded writes are
  /// operations 2, 4 and 6.
  func log() throws -> (lab: Lab, inode: InodeNumber) {
    let lab = Lab()
    let inode = try lab.create("log")
    let handle = try lab.open(inode)
    for number in 0..<3 {
      try lab.write(handle, filled(UInt8(number + 1), 512), at: UInt64(number * 512))
      try lab.sync(handle)
    }
    try lab.syncRoot()
    return (lab, inode)
  }

  func damage(_ lab: Lab, _ fault: MediaFault) throws -> DamagedImage? {
    let recording = try #require(lab.world.recording)
    let image = lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true))
    return image.damaged(by: fault, in: recording, origin: recording.operations.count)
  }

  let whole = filled(1, 512) + filled(2, 512) + filled(3, 512)

  @Test("A damage reads back as it was printed")
  func text() {
    var generator = PRNG(Seed(5))
    for _ in 0..<200 {
      let fault = MediaFault(
        generator.pick(MediaFaultKind.allCases), write: generator.below(100),
        sector: generator.below(100), detail: generator.below(5000))
      #expect(MediaFault(parsing: fault.text) == fault)
      #expect(!fault.text.contains(" "))
    }
    for text in [
      "", "bit-flip", "bit-flip:write=1:sector=2", "rot:write=1:sector=2:detail=3",
      "bit-flip:write=-1:sector=2:detail=3", "bit-flip:sector=1:write=2:detail=3",
      "bit-flip:write=1:sector=2:detail=3:more",
    ] {
      #expect(MediaFault(parsing: text) == nil, "\(text)")
    }
  }

  @Test("Each kind changes what it says, and nothing else")
  func kinds() throws {
    let (lab, inode) = try log()
    func bytes(_ fault: MediaFault) throws -> [UInt8]? { try damage(lab, fault)?.disk.bytes(inode) }
    var flipped = whole
    flipped[512 + 9] ^= 1 << 5
    #expect(try bytes(MediaFault(.bitFlip, write: 4, sector: 1, detail: 9 * 8 + 5)) == flipped)
    let zeroed = filled(1, 512) + filled(0, 512) + filled(3, 512)
    #expect(try bytes(MediaFault(.zeroedSector, write: 4, sector: 1)) == zeroed)
    #expect(try bytes(MediaFault(.staleSector, write: 4, sector: 1)) == zeroed)
    #expect(try bytes(MediaFault(.lostWrite, write: 4, sector: 1)) == zeroed)
    let misdirected = filled(2, 512) + filled(0, 512) + filled(3, 512)
    #expect(
      try bytes(MediaFault(.misdirectedWrite, write: 4, sector: 1, detail: 0)) == misdirected)
  }

  @Test("A damage that changes nothing is none")
  func nothing() throws {
    let (lab, _) = try log()
    #expect(try damage(lab, MediaFault(.bitFlip, write: 3, sector: 0)) == nil, "no write")
    #expect(try damage(lab, MediaFault(.bitFlip, write: 2, sector: 1)) == nil, "not its sector")
    #expect(try damage(lab, MediaFault(.bitFlip, write: 99, sector: 0)) == nil, "no operation")
    #expect(
      try damage(lab, MediaFault(.misdirectedWrite, write: 4, sector: 1, detail: 1)) == nil,
      "to its own place")
  }

  @Test("Proven: a barrier covered the bytes, and what was appended after it is there")
  func proven() throws {
    let (lab, _) = try log()
    for kind in [MediaFaultKind.bitFlip, .zeroedSector, .staleSector] {
      #expect(try damage(lab, MediaFault(kind, write: 2, sector: 0))?.isProven == true)
      #expect(try damage(lab, MediaFault(kind, write: 4, sector: 1))?.isProven == true)
      #expect(try damage(lab, MediaFault(kind, write: 6, sector: 2))?.isProven == false, "the tail")
    }
    #expect(
      try damage(lab, MediaFault(.misdirectedWrite, write: 2, sector: 0, detail: 1))?.isProven
        == true)
    #expect(
      try damage(lab, MediaFault(.misdirectedWrite, write: 2, sector: 0, detail: 2))?.isProven
        == false, "it hit the tail")
    #expect(try damage(lab, MediaFault(.lostWrite, write: 2, sector: 0))?.isProven == false)
  }

  @Test("Unproven: no barrier between, or what came after it is not on the disk")
  func unproven() throws {
    let lab = Lab()
    let inode = try lab.create("log")
    let handle = try lab.open(inode)
    try lab.write(handle, filled(1, 512), at: 0)
    try lab.write(handle, filled(2, 512), at: 512)
    try lab.sync(handle)
    try lab.syncRoot()
    let fault = MediaFault(.zeroedSector, write: 2, sector: 0)
    #expect(try damage(lab, fault)?.isProven == false, "synced together")
    try lab.write(handle, filled(3, 512), at: 1024)
    let recording = try #require(lab.world.recording)
    for keeps in [true, false] {
      let image = lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: keeps))
      let damaged = image.damaged(by: fault, in: recording, origin: recording.operations.count)
      #expect(damaged?.isProven == keeps)
    }
  }

  @Test("Garbage never shows behind the end of a file that grows after the power cut")
  func nothingBehindTheEnd() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 512))
    try lab.write(file.handle, filled(2, 100), at: 600)
    let state = lab.disk.keeping([.none], size: 1, garbage: .ones)
    let again = Lab(state)
    let handle = try again.open("a")
    try again.world.setSize(handle, to: 1024)
    #expect(again.disk.bytes(file.inode).suffix(324) == filled(0, 324)[...])
  }

  @Test("Drawn damage always changes the image, and never its names or sizes")
  func drawn() throws {
    for seed in 1...15 as ClosedRange<UInt64> {
      var history = RandomHistory(Seed(seed).derived("media"))
      for _ in 0..<40 { history.step() }
      let recording = try #require(history.lab.world.recording)
      let origin = recording.operations.count
      let disk = history.lab.disk
      var generator = PRNG(Seed(seed))
      for choice in disk.choices(ExplosionLimits(exhaustiveUpTo: 8, samplesPerPoint: 8)) {
        let image = disk.afterPowerLoss(choice)
        guard
          let (fault, damaged) = image.drawDamage(
            MediaFaultKind.allCases, in: recording, origin: origin, &generator)
        else { continue }
        #expect(
          damaged.disk.stateDigest() != image.stateDigest(),
          "seed \(seed): \(fault.text)")
        #expect(
          damaged.disk.tree.mapValues(\.count) == image.tree.mapValues(\.count), "seed \(seed)")
        let again = image.damaged(by: fault, in: recording, origin: origin)
        #expect(again?.disk.stateDigest() == damaged.disk.stateDigest(), "seed \(seed)")
        #expect(again?.isProven == damaged.isProven, "seed \(seed)")
      }
    }
  }
}
