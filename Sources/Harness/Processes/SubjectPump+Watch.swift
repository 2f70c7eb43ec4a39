import DurabilityModel
import FaultFS
import StorageInterface

// What the subject does beside the calls that reach the mount: stores into mappings, and barriers
// of whole file systems.
extension SubjectPump {
  /// While the subject waits: brings what its shared mappings stored to the mount, as writes that
  /// no barrier covers. Faults do not meet what is done for it.
  ///
  /// - Throws: `SubjectFailure` where the mount is gone, or nothing can be started.
  func pullMappedStores() throws(SubjectFailure) {
    guard let mount, let child, let device = mount.device else { return }
    let mappings = child.sharedMappings(on: device)
    guard !mappings.isEmpty else { return }
    for world in mount.attachedWorlds { world.sparesFaults = true }
    defer { for world in mount.attachedWorlds { world.sparesFaults = false } }
    mappedStoresArrived = false
    var problem: SubjectFailure?
    do throws(Errno) {
      let sync = try MappedStoreSync(mappings)
      // The thread must come to its end whatever happens: a lost mount ends its calls as well.
      try poller.add(sync.descriptor, Source.mappedStores.rawValue)
      while !mappedStoresArrived {
        do throws(SubjectFailure) { try wait(-1) } catch { problem = error }
      }
      poller.remove(sync.descriptor)
      sync.join()
    } catch {
      throw .harness(error)
    }
    if let problem { throw problem }
    try serveEverything()
  }

  func beginWatch(_ child: ChildProcess) throws(SubjectFailure) {
    guard let mount, child.descriptors.watch >= 0 else { return }
    let watch = SynchronizationWatch(descriptor: child.takeWatch(), mount: mount) {
      [unowned child] in
      mount.device.map { !child.sharedMappings(on: $0).isEmpty } ?? false
    }
    do throws(Errno) {
      try poller.add(watch.descriptor, Source.watch.rawValue)
    } catch {
      throw .harness(error)
    }
    self.watch = watch
  }

  func serveWatch() {
    switch watch?.serve() {
    case .served?: lastOperation = MonotonicClock.now
    case .unobservable(let reason)?:
      // The call that cannot be answered would stay ready.
      unobservable = reason
      if let watch { poller.remove(watch.descriptor) }
    case .ended?, nil: endWatch()
    }
  }

  func endWatch() {
    if let watch { poller.remove(watch.descriptor) }
    watch = nil
  }
}
