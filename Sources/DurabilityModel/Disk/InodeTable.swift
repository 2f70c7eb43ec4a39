/// The inodes of a disk by number: a value whose clone takes one reference an inode, and copies one
/// when it is changed.
///
/// A crash state changes two or three inodes of the ten that a world has; the others stay those of
/// the disk it was made of. Boxes belong to one thread, as pages do.
struct InodeTable: RandomAccessCollection, MutableCollection {
  private final class Box {
    @exclusivity(unchecked) var inode: Inode
    /// Whether settling it would change nothing, as far as that was asked.
    @exclusivity(unchecked) var isSettled = false
    /// The inode settled, once that was asked for and until this one changes: the power losses at
    /// one crash point, and at the next ones, share it.
    @exclusivity(unchecked) var settled: Box?

    init(_ inode: Inode) { self.inode = inode }
  }

  private var boxes: [Box]

  /// A table with number 0, which names nothing, and the root.
  init(root: Inode) { boxes = [Box(.gone), Box(root)] }

  var startIndex: Int { 0 }
  var endIndex: Int { boxes.count }

  subscript(index: Int) -> Inode {
    @inline(__always) _read { yield boxes[index].inode }
    @inline(__always) _modify {
      if isKnownUniquelyReferenced(&boxes[index]) {
        boxes[index].isSettled = false
        boxes[index].settled = nil
      } else {
        boxes[index] = Box(boxes[index].inode)
      }
      yield &boxes[index].inode
    }
  }

  /// Adds an inode with the next number.
  mutating func append(_ inode: Inode) { boxes.append(Box(inode)) }

  /// Makes inode `index` what a power cut leaves of it that kept nothing of what was pending.
  mutating func settle(_ index: Int) {
    let box = boxes[index]
    if box.isSettled { return }
    if box.settled == nil {
      if box.inode.isSettled {
        box.isSettled = true
        return
      }
      let settled = Box(box.inode)
      settled.inode.settle()
      settled.isSettled = true
      box.settled = settled
    }
    if let settled = box.settled { boxes[index] = settled }
  }

  /// Lets go of inode `index`: nothing has its number any more.
  mutating func remove(_ index: Int) { boxes[index] = boxes[0] }
}
