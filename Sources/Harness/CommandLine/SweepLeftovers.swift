import FaultFS

/// Removes what harnesses that were killed left behind: mounts first, then their directories.
enum SweepLeftovers {
  static func run() throws(RunError) {
    do throws(RunDirectoryFailure) {
      try RunDirectory.sweep()
    } catch {
      throw .notMeasured("\(error)")
    }
  }
}
