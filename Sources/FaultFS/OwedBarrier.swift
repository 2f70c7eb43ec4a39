import CFuse
import Glibc

/// A FSYNC that the kernel sends after a write through `O_SYNC`, `O_DSYNC` or `RWF_DSYNC` on a
/// cached file.
///
/// That write carried the flag and was its own barrier, for its own range (disk.md, "What FUSE
/// shows and hides": "honour both, count neither twice"). The FSYNC comes from the same thread on
/// the same description before that thread can do anything else there, so it cannot be mistaken for
/// one that the program asked for.
struct OwedBarrier: Equatable {
  /// The open file.
  let open: UInt64
  /// The thread that wrote.
  let thread: Int32
}

extension FuseMount {
  /// Notes a synchronous write; one call of the program may arrive as several.
  func oweBarrier(_ request: fuse_req_t?, _ open: OpenNumber) {
    let owed = OwedBarrier(open: open.rawValue, thread: Caller(request).thread)
    if !owedBarriers.contains(owed) { owedBarriers.append(owed) }
  }

  /// Whether this FSYNC is the one that belongs to a synchronous write; it is then settled.
  func takeOwedBarrier(_ request: fuse_req_t?, _ open: OpenNumber) -> Bool {
    let owed = OwedBarrier(open: open.rawValue, thread: Caller(request).thread)
    guard let index = owedBarriers.firstIndex(of: owed) else { return false }
    owedBarriers.remove(at: index)
    return true
  }

  /// Forgets what is owed for an open file: it is closed, or its write failed.
  func forgetOwedBarriers(_ open: OpenNumber) {
    if !owedBarriers.isEmpty { owedBarriers.removeAll { $0.open == open.rawValue } }
  }
}
