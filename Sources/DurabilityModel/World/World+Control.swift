// What somebody outside may do to a world while a program lives in it: `torture control`.
extension World {
  /// Adds a fault to the plan; operations are counted for it from now on.
  public func arm(_ fault: Fault) { faults.append(fault) }

  /// Forgets every fault, fired or not.
  public func clearFaults() { faults = FaultPlan() }

  /// A barrier on every file and every directory, as when a machine is shut down in order. Where
  /// the disk lies, nothing becomes durable.
  public func synchronizeEverything() {
    for index in disk.inodes.indices where disk.inodes[index].isAlive {
      let number = InodeNumber(UInt32(index))
      switch disk.inodes[index].kind {
      case .regular: perform(.synchronize(inode: number, dataOnly: false), number)
      case .directory: perform(.synchronizeDirectory(inode: number), number)
      case .symbolicLink, .pipe, .socket, .characterDevice, .blockDevice: break
      }
    }
  }
}
