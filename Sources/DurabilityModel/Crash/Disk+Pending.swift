extension Disk {
  /// One pending operation and what a power cut kept of it, for people.
  public struct PendingDescription: Sendable, Equatable {
    /// The number of the operation, as the disk counts them.
    public var operation: UInt64
    /// `kept`, `dropped` or `torn`.
    public var kept: String
    /// Which part it is about.
    public var detail: String
  }

  /// What was pending here, and what of it `choice` kept, in issue order.
  public func describePending(_ choice: PowerLossChoice) -> [PendingDescription] {
    var result: [PendingDescription] = []
    for (pending, kept) in zip(pendingNames, choice.names) {
      result.append(
        PendingDescription(
          operation: pending.operation, kept: kept ? "kept   " : "dropped", detail: "name"))
    }
    for (pending, kept) in zip(pendingAttributes, attributeMarks(choice)) {
      result.append(
        PendingDescription(
          operation: pending.operation, kept: kept ? "kept   " : "dropped", detail: "attributes"))
    }
    for file in choice.files {
      guard let inode = self[file.inode] else { continue }
      for (item, kept) in zip(inode.pendingData, file.data) {
        let range = "bytes \(item.range.lowerBound)..<\(item.range.upperBound)"
        let (word, detail) =
          switch kept {
          case .none: ("dropped", range)
          case .all: ("kept   ", range)
          case .sectors(let sectors):
            (
              "torn   ",
              range + ", sectors " + sectors.map(String.init).joined(separator: " ")
                + " of \(parameters.sectorSize) bytes"
            )
          }
        result.append(PendingDescription(operation: item.operation, kept: word, detail: detail))
      }
      for (index, size) in inode.pendingSizes.enumerated() {
        let word =
          if let exact = file.exactSize, exact > size.before, exact < size.after {
            "torn   "
          } else if let exact = file.exactSize {
            exact >= size.after ? "kept   " : "dropped"
          } else {
            file.size >= index + 1 ? "kept   " : "dropped"
          }
        let end = file.exactSize.map { ", ends at \($0)" } ?? ""
        result.append(
          PendingDescription(
            operation: size.operation, kept: word,
            detail: "size \(size.before) to \(size.after)\(end), garbage \(file.garbage.rawValue)"))
      }
    }
    return result.enumerated().sorted {
      ($0.element.operation, $0.offset) < ($1.element.operation, $1.offset)
    }.map(\.element)
  }
}
