public import DurabilityModel
import CFuse
import Glibc
import StorageInterface

/// A file system in user space that serves worlds as its top-level directories.
///
/// It translates requests of the kernel into calls of `World` and decides nothing: what is durable,
/// what fails and what is torn is the model's to say. It is used from one thread, which must never
/// itself touch a path below the mount: it would wait for its own answer.
///
/// The caller drives it: it waits until `fileDescriptor` is readable and calls `processNext()` or
/// `processPending()`.
public final class FuseMount {
  /// Where it is mounted.
  public let path: String
  /// How it presents its worlds.
  public let options: MountOptions
  /// The number of requests that it has answered so far; a measure of activity only.
  @exclusivity(unchecked) public internal(set) var requestCount: UInt64 = 0
  /// The connection to the kernel, non-blocking; readable when a request waits; −1 once unmounted.
  public internal(set) var fileDescriptor: Int32 = -1

  /// The device number of the file system as `major:minor`, by which /proc names it.
  public private(set) lazy var device = MountPoint.entry(at: path)?.device

  /// The session of libfuse, or nil once unmounted.
  @exclusivity(unchecked) var session: OpaquePointer?
  /// The buffer requests are read into, in `requestMemory`. Behind a pointer, as each access to a
  /// property of a class would be checked for exclusivity.
  let requestBuffer: UnsafeMutablePointer<fuse_buf>
  /// Room for the largest request.
  let requestMemory: UnsafeMutableRawPointer
  /// The buffer that replies to READ and READDIR are put together in; as large as any of them.
  let replyBuffer: UnsafeMutableRawBufferPointer
  /// The worlds by slot; nil once detached.
  @exclusivity(unchecked) var worlds: [World?] = []
  /// The name of each slot, as bytes.
  var names: [[UInt8]] = []
  /// The slot of each name ever attached. Looked up only, never iterated.
  var slotOfName: [[UInt8]: Int] = [:]
  /// The slot of the world that is shown at the mount point itself, where `show` was called.
  var rootSlot: Int?
  /// Requests of calls that never return (an injected fault). The kernel cannot end a process while
  /// one of its requests is in our hands, so they are answered when the process is to be gone.
  var heldRequests: [fuse_req_t] = []
  /// Whether calls that never return are answered with an error at once: their process is dying.
  var letsGo = false
  /// The directories that are open now, by handle.
  var openDirectories = OpenDirectories()
  /// Barriers that the kernel will ask for although the write before each was one itself; of cached
  /// mode only, and never more than there are threads in a synchronous write.
  var owedBarriers: [OwedBarrier] = []
  /// Whom the files of root belong to in what programs see: root, or the user who mounted. An
  /// ordinary user's mount has no other users, and a world made elsewhere may be root's.
  let owner = (user: geteuid(), group: getegid())

  /// The largest read or write request, in bytes; the most that Linux allows (256 pages).
  static let maximumTransfer = 1 << 20
  private static let pageSize = 4096
  /// What stands before the bytes of a WRITE: `fuse_in_header` and `fuse_write_in` of the kernel's
  /// protocol, 40 bytes each.
  private static let writeHeaderSize = 80

  /// Mounts at `path`, an existing directory, and shakes hands with the kernel.
  ///
  /// - Throws: `MountFailure`, with one line that says what to do.
  public convenience init(
    at path: String, _ options: MountOptions = MountOptions()
  ) throws(MountFailure) {
    try MountPoint.checkPrerequisites(of: path, options)
    try self.init(connectedBy: path, options)
  }

  /// Answers what comes over `descriptor` and mounts nothing: for tests that play the kernel. The
  /// descriptor is the mount's from now on, and INIT must wait in it.
  convenience init(
    over descriptor: Int32, _ options: MountOptions = MountOptions()
  ) throws(MountFailure) {
    // libfuse's own way of saying so.
    try self.init(connectedBy: "/dev/fd/\(descriptor)", options)
  }

  private init(connectedBy path: String, _ options: MountOptions) throws(MountFailure) {
    self.path = path
    self.options = options
    // Aligned as pages are, the bytes of a reply and those of a WRITE behind its headers: the
    // kernel pins the buffers page by page, and copies whole pages faster than two halves.
    replyBuffer = .allocate(byteCount: Self.maximumTransfer, alignment: Self.pageSize)
    requestMemory = .allocate(
      byteCount: Self.maximumTransfer + 3 * Self.pageSize, alignment: Self.pageSize)
    requestBuffer = .allocate(capacity: 1)
    requestBuffer.initialize(to: fuse_buf())
    requestBuffer.pointee.mem = requestMemory + (Self.pageSize - Self.writeHeaderSize)
    try openSession()
  }

  deinit {
    unmount()
    replyBuffer.deallocate()
    requestBuffer.deallocate()
    requestMemory.deallocate()
  }

  /// Adds `world` as the top-level directory `name` and returns its slot.
  ///
  /// A name serves once in the life of a mount: the kernel may remember what it stood for.
  public func attach(_ world: World, name: String) -> Int {
    let bytes = Array(name.utf8)
    precondition(rootSlot == nil, "a mount shows one world, or attaches many under names")
    precondition(
      !bytes.isEmpty && bytes.count <= Self.maximumNameLength && !bytes.contains(0x2f)
        && !bytes.contains(0) && name != "." && name != "..",
      "a world's name must be a file name")
    precondition(slotOfName[bytes] == nil, "a world's name is never reused on one mount")
    precondition(worlds.count < Int(UInt32.max) - 1, "a mount has 2^32 slots")
    let slot = worlds.count
    worlds.append(world)
    names.append(bytes)
    slotOfName[bytes] = slot
    return slot
  }

  /// Shows `world` at the mount point itself, in place of any that was shown there before.
  ///
  /// What programs have open of the world before fails with `ESTALE` from now on, as files of a
  /// machine that was restarted do; paths lead into the new world at once where nothing is
  /// remembered (`entryTimeout` zero). A mount shows one world so, or attaches many: not both.
  public func show(_ world: World) {
    precondition(slotOfName.isEmpty, "a mount shows one world, or attaches many under names")
    if let rootSlot { worlds[rootSlot] = nil }
    precondition(worlds.count < Int(UInt32.max) - 1, "a mount has 2^32 slots")
    rootSlot = worlds.count
    worlds.append(world)
    names.append([])
  }

  /// Takes the world in `slot` off the mount; requests for its files fail with `ESTALE` from now
  /// on.
  public func detach(_ slot: Int) {
    precondition(worlds.indices.contains(slot), "no world was ever attached in this slot")
    worlds[slot] = nil
  }

  /// The worlds that are there now, in the order in which they came.
  public var attachedWorlds: [World] { worlds.compactMap { $0 } }

  /// The world and inode that a number of the kernel's (`st_ino`) stands for; nil where it is the
  /// mount's own root, or of a world that is gone.
  public func place(ofNode number: UInt64) -> (world: World, inode: InodeNumber)? {
    let node = node(number)
    guard worlds.indices.contains(node.slot), let world = worlds[node.slot] else { return nil }
    return (world, node.inode)
  }

  /// Whether a call of the process was met by a fault that never lets it return.
  public var holdsCalls: Bool { !heldRequests.isEmpty }

  /// Answers the calls that would never have returned, with EIO: for when their process is killed,
  /// which the kernel puts off while a request is open. Further ones are answered at once, until
  /// `holdAgain`.
  public func letGo() {
    letsGo = true
    for request in heldRequests { fuse_reply_err(request, EIO) }
    heldRequests.removeAll()
  }

  /// From now on calls that never return are held again.
  public func holdAgain() { letsGo = false }

  /// Keeps a request unanswered until its process is interrupted or killed, or `letGo`.
  func hold(_ request: fuse_req_t) {
    if letsGo {
      fuse_reply_err(request, EIO)
      return
    }
    heldRequests.append(request)
    fuse_req_interrupt_func(
      request,
      { request, data in
        guard let request, let data else { return }
        let mount = Unmanaged<FuseMount>.fromOpaque(data).takeUnretainedValue()
        guard let index = mount.heldRequests.firstIndex(of: request) else { return }
        mount.heldRequests.remove(at: index)
        fuse_reply_err(request, EINTR)
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}

extension FuseMount {
  /// The version of libfuse that is loaded.
  public static var libraryVersion: String { String(cString: fuse_pkgversion()) }
}
