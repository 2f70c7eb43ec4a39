// What the kernel does to files without any call of the subject, where a fault says when.
extension World {
  /// Counts a change of a file's content, and does the background work that comes after it.
  func contentChanged(_ number: InodeNumber) {
    guard faults.hasBackgroundWork || callLog != nil else { return }
    let nth = (changes[number] ?? 0) + 1
    changes[number] = nth
    let role = role(of: number)
    let file = ordinal(of: number, role)
    callLog?.noteChange(role, file: file, nth: nth)
    let due = faults.meetBackgroundWork(role, file: file, nth: nth, recorded: recordedCount)
    for fault in due { perform(fault, on: number) }
  }

  /// Which file of its role `number` is: files get their numbers in the order of creation.
  private func ordinal(of number: InodeNumber, _ role: FileRole) -> Int {
    var ordinal = 1
    for earlier in 2..<max(2, Int(number.rawValue)) {
      let other = InodeNumber(UInt32(earlier))
      if disk[other]?.kind == .regular, self.role(of: other) == role { ordinal += 1 }
    }
    return ordinal
  }

  private func isOpen(_ number: InodeNumber) -> Bool {
    descriptions.contains { $0?.inode == number }
  }

  private func perform(_ fault: Fault, on number: InodeNumber) {
    firedFaults += 1
    hindrances += 1
    guard case .background(let work, _, _, _) = fault.place else { return }
    switch (work, fault.effect) {
    case (.writeBack, .fails(let failure)):
      let after = failure.after ?? disk.parameters.afterState
      guard after.health == nil else {
        // A journal commits by itself too, and that may fail (groundtruth: ext4, variants `drop`
        // and `bg3`).
        stop(after, failure.error, number)
        break
      }
      perform(
        .failedSynchronize(
          WriteBackFailure(
            inode: number, error: failure.error, after: after, lost: failure.lost,
            isReported: false)), number)
    case (.writeBack, .done):
      try? writeBack(number, pages: nil, .durable)
    case (.evict, .done):
      // An inode that is open stays, and its error with it; its clean pages go.
      if isOpen(number) {
        if disk[number]?.isClean == false { perform(.dropPages(inode: number, pages: nil), number) }
      } else {
        try? evict(number)
      }
    case (.writeBack, _), (.evict, _): break
    }
  }
}
