/// How often each kind of call met each role within each request: the places that faults can have.
///
/// Kept in the order in which places first came, so that drawing from it is the same in every run.
public struct CallLog: Sendable {
  /// One kind of call on one role within one request.
  public struct Place: Sendable, Equatable {
    /// The request that was outstanding.
    public var request: UInt64
    /// The kind of operation.
    public var operation: FaultableOperation
    /// The role of the file.
    public var role: FileRole
    /// How often it came.
    public var count: Int
    /// Of barriers: which of them, from 1, were to write into pages that the disk had never held.
    public var intoNewSpace: [Int] = []
  }

  /// The places, in the order in which they first came.
  public private(set) var places: [Place] = []
  /// The files whose content changed, in the order in which they first did.
  public private(set) var files: [ChangedFile] = []

  /// How often the content of a file changed: where background work may come.
  public struct ChangedFile: Sendable, Equatable {
    /// Its role at the time.
    public var role: FileRole
    /// Which file of the role it was, from 1.
    public var file: Int
    /// The number of its last change, from 1.
    public var last: Int
  }

  /// Where the request outstanding has its first place.
  private var start = 0

  mutating func note(
    _ operation: FaultableOperation, _ role: FileRole, request: UInt64, intoNewSpace: Bool
  ) {
    if let last = places.last, last.request != request { start = places.count }
    var index = start
    while index < places.count, places[index].operation != operation || places[index].role != role {
      index += 1
    }
    if index == places.count {
      places.append(Place(request: request, operation: operation, role: role, count: 0))
    }
    places[index].count += 1
    if intoNewSpace { places[index].intoNewSpace.append(places[index].count) }
  }

  mutating func noteChange(_ role: FileRole, file: Int, nth: Int) {
    if let index = files.firstIndex(where: { $0.role == role && $0.file == file }) {
      files[index].last = nth
    } else {
      files.append(ChangedFile(role: role, file: file, last: nth))
    }
  }
}
