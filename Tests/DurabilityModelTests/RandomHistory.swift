import Determinism
@testable import DurabilityModel
import StorageInterface

/// Draws operations on a small world: few files, few names, sizes around sectors and pages.
struct RandomHistory {
  let lab: Lab
  private var generator: PRNG
  private var handles: [HandleID] = []
  private let directories: [InodeNumber]
  private let names = ["a", "b", "c"]
  private let writingBack: Bool

  /// Faults that make some of the barriers of a history fail.
  static var failingBarriers: [Fault] {
    [FaultableOperation.fsync, .fdatasync, .fsyncdir].flatMap { operation in
      [2, 4].map { nth in
        Fault(
          request: 0, operation: operation, role: FileRole(name: "*"), nth: nth, error: .ioError)
      }
    }
  }

  /// With `writingBack`, write-back steps, syncfs and allocation are among the draws.
  init(
    _ seed: Seed, faults: [Fault] = [], _ parameters: DiskParameters = DiskParameters(),
    writingBack: Bool = false
  ) {
    lab = Lab(parameters, faults: faults)
    self.writingBack = writingBack
    generator = PRNG(seed)
    directories = [.root, (try? lab.makeDirectory("d")) ?? .root]
    // A history without a file would prove nothing.
    if let inode = try? lab.create("a") { open(inode) }
  }

  /// Makes one call; that it may be refused is part of the draw.
  mutating func step() {
    let world = lab.world
    let parent = generator.pick(directories)
    let name = Array(generator.pick(names).utf8)
    if writingBack, generator.chance(1, in: 8) {
      writeBack()
      return
    }
    switch generator.index(weights: [6, 14, 5, 6, 4, 4, 3, 2, 2, 1]) {
    case 0:
      if let inode = try? lab.create(String(decoding: name, as: UTF8.self), in: parent) {
        open(inode)
      }
    case 1: write(.volatile)
    case 2:
      guard let handle else { return }
      try? world.setSize(handle, to: UInt64(generator.below(9000)))
    case 3:
      guard let handle else { return }
      try? world.synchronize(handle, dataOnly: generator.chance(1, in: 2))
    case 4: try? world.synchronizeDirectory(parent, dataOnly: false)
    case 5:
      try? world.rename(
        name, in: parent, to: Array(generator.pick(names).utf8), in: generator.pick(directories),
        generator.pick([.replace, .replace, .noReplace, .exchange]))
    case 6: try? world.unlink(name, in: parent)
    case 7: write(.synchronous)
    case 8:
      guard let inode = try? world.lookup(name, in: parent) else { return }
      if generator.chance(1, in: 2) {
        open(inode)
      } else {
        try? world.link(inode, as: Array(generator.pick(names).utf8), in: parent)
      }
    default:
      guard let inode = try? world.lookup(name, in: parent) else { return }
      try? world.setMode(inode, UInt16(generator.below(0o1000)))
    }
  }

  private mutating func writeBack() {
    guard let handle, let number = try? lab.world.description(handle).inode else { return }
    switch generator.below(6) {
    case 4, 5:
      let mode = generator.pick(AllocationMode.allCases)
      try? lab.world.allocate(
        handle, at: UInt64(generator.below(9000)),
        length: UInt64(generator.number(in: 1...9000)), mode)
    case 0: try? lab.world.synchronizeFileSystem(handle)
    case 1:
      let first = UInt64(generator.below(3) * 4096)
      try? lab.world.writeBack(range: first..<first + 5000, of: handle, wait: .write)
    default:
      let first = generator.below(3)
      try? lab.world.writeBack(number, pages: first..<first + 2, .durable)
    }
  }

  private mutating func open(_ inode: InodeNumber) {
    if let handle = try? lab.open(inode) { handles.append(handle) }
    if handles.count > 4 { lab.world.release(handles.removeFirst()) }
  }

  private var handle: HandleID? {
    mutating get { handles.isEmpty ? nil : generator.pick(handles) }
  }

  private mutating func write(_ durability: WriteDurability) {
    guard let handle, let size = try? lab.world.size(of: handle) else { return }
    let offset =
      generator.chance(1, in: 2) ? Int(size) : generator.below(Int(min(size, 8000)) + 600)
    let value = UInt8(generator.number(in: 1...250))
    let length = generator.pick([1, 100, 512, 700, 3000])
    try? lab.write(handle, filled(value, length), at: UInt64(offset), durability)
  }
}
