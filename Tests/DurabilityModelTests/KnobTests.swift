import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("The knobs of a disk")
struct KnobTests {
  /// A durable file of two sectors of ones, and an unsynced overwrite of part of the first.
  private func lab(_ change: (inout DiskParameters) -> Void) throws -> Lab {
    var parameters = DiskParameters()
    change(&parameters)
    let lab = Lab(parameters)
    let file = try lab.durableFile("a", filled(1, 1024))
    try lab.write(file.handle, filled(2, 100), at: 200)
    return lab
  }

  @Test("Without the knob no sector is damaged by its own write")
  func noDamage() throws {
    let lab = try lab { _ in }
    #expect(lab.disk.choices().allSatisfy { $0.files[0].damagedSector == nil })
    var choice = lab.disk.choice(keepingAll: false)
    choice.files[0].damagedSector = 0
    #expect(!lab.disk.accepts(choice))
  }

  @Test("Sector with garbage: with power-safe overwrite only what the write covers is damaged")
  func powerSafeOverwrite() throws {
    let lab = try lab { $0.tears.append(.garbageSector) }
    let states = lab.contents().compactMap { $0 }
    #expect(states.contains { $0[200..<300].allSatisfy { $0 == 0xFF } })
    for bytes in states {
      #expect(bytes[..<200].allSatisfy { $0 == 1 } && bytes[300...].allSatisfy { $0 == 1 })
    }
  }

  @Test("Without power-safe overwrite the whole sector may be lost, and no other")
  func unsafeOverwrite() throws {
    let lab = try lab {
      $0.tears.append(.garbageSector)
      $0.powerSafeOverwrite = false
    }
    let states = lab.contents().compactMap { $0 }
    #expect(states.contains(filled(0xFF, 512) + filled(1, 512)))
    #expect(states.allSatisfy { $0[512...].allSatisfy { $0 == 1 } })
    for choice in lab.disk.choices() {
      #expect(lab.disk.accepts(choice) && PowerLossChoice(parsing: choice.text) == choice)
    }
  }

  @Test("Atomic writes: one within an aligned block of that size is whole or missing")
  func atomicWrites() throws {
    for (offset, isAtomic) in [(UInt64(4096), true), (2048, false)] {
      var parameters = DiskParameters()
      parameters.atomicWriteSize = 4096
      let lab = Lab(parameters)
      let file = try lab.durableFile("a", filled(1, 8192))
      try lab.write(file.handle, filled(2, 4096), at: offset)
      let states = lab.contents().compactMap { $0 }
      let torn = states.filter { bytes in
        Set(bytes[Int(offset)..<Int(offset) + 4096]).count > 1
      }
      #expect(torn.isEmpty == isAtomic)
      // A later write to one of its sectors brings all of it along.
      try lab.write(file.handle, filled(3, 10), at: offset)
      guard isAtomic else { continue }
      #expect(
        lab.contents() == [
          filled(1, 8192), filled(1, 4096) + filled(2, 4096),
          filled(1, 4096) + filled(3, 10) + filled(2, 4086),
        ])
    }
  }

  @Test("Ordering by issue: what is kept is a prefix over all files and names")
  func issueOrder() throws {
    var parameters = DiskParameters()
    parameters.ordering = .issue
    let lab = Lab(parameters)
    let file = try lab.durableFile("a", filled(0, 1024))
    try lab.write(file.handle, filled(1, 512), at: 0)
    try lab.create("b")
    try lab.write(file.handle, filled(2, 512), at: 512)
    let found = Set(
      lab.disk.trees.map { tree in
        (tree["a"]?.first == 1 ? "1" : "0") + (tree["b"] != nil ? "1" : "0")
          + (tree["a"]?.last == 2 ? "1" : "0")
      })
    #expect(found == ["000", "100", "110", "111"])
    for choice in lab.disk.choices() { #expect(lab.disk.accepts(choice)) }
  }

  @Test("Sectors of 512 or 4096 bytes under each model: equal pages, other tears")
  func sectorSizes() throws {
    for model in CellLab.fileSystems {
      var sets: [Set<String>] = []
      for size in [512, 4096] {
        var parameters = DiskParameters(model: model)
        parameters.sectorSize = size
        let lab = Lab(parameters)
        let file = try lab.durableFile("a", filled(1, 8192))
        try lab.write(file.handle, filled(2, 8192), at: 0)
        sets.append(lab.pages())
      }
      #expect(sets[1] == ["OO", "ON", "NO", "NN"])
      #expect(sets[0].contains { $0.contains("T") } == (model != .btrfs))
    }
  }
}
