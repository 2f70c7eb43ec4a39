/// What a power cut kept of one file, held against the rules of a model of a real file system.
struct KeptFile {
  let inode: Inode
  let choice: PowerLossChoice.FileChoice
  /// By pending item, its sectors that reached the disk.
  let sectors: [RangeSet]
  let sectorSize: Int
  let rules: PersistenceRules

  /// Whether the rules permit it, taken by itself.
  var isPermitted: Bool {
    endIsPermitted && growthIsPermitted && tearsArePermitted && cutsArePermitted
      && preallocatedIsPermitted
  }

  private var perPage: Int { Page.size / sectorSize }

  /// Whether all of item `index` reached the disk.
  private func isWhole(_ index: Int) -> Bool {
    let units = inode.pendingData[index].units(of: sectorSize)
    return sectors[index].complement(in: units).isEmpty
  }

  /// Whether all of item `index` that lies in `page` reached the disk.
  private func isWhole(_ index: Int, in page: Int) -> Bool {
    let units = inode.pendingData[index].units(of: sectorSize)
    return sectors[index].complement(in: units.clamped(to: page * perPage..<(page + 1) * perPage))
      .isEmpty
  }

  // MARK: The size.

  /// Whether the file ends where the rules let it: where a write ended, or where a page of one did.
  private var endIsPermitted: Bool {
    guard let exact = choice.exactSize else { return true }
    guard rules.growth != .inOrder, choice.size < inode.pendingSizes.count,
      inode.pendingSizes[choice.size].holds(exact)
    else { return false }
    return exact % UInt64(Page.size) == 0
  }

  /// Whether the data below a size that a write made is there as far as the rules demand.
  private var growthIsPermitted: Bool {
    switch rules.growth {
    case .independent, .mayLeadData: return true
    case .endsInData:
      let place = choice.exactSize == nil ? choice.size - 1 : choice.size
      guard place >= 0, inode.pendingSizes[place].byWrite else { return true }
      let size = choice.exactSize ?? inode.pendingSizes[place].after
      guard size > inode.pendingSizes[place].before else { return true }
      let page = Int((size - 1) / UInt64(Page.size))
      return inode.pendingData.indices.allSatisfy {
        inode.pendingData[$0].operation != inode.pendingSizes[place].operation
          || isWhole($0, in: page)
      }
    case .inOrder:
      guard choice.size > 0, inode.pendingSizes[choice.size - 1].byWrite else { return true }
      let kept = inode.pendingSizes[..<choice.size]
      let truncation = kept.lastIndex { !$0.byWrite && $0.after < $0.before } ?? -1
      return kept[(truncation + 1)...].allSatisfy { size in
        !size.byWrite
          || inode.pendingData.indices.allSatisfy {
            inode.pendingData[$0].operation != size.operation || isWhole($0)
          }
      }
    }
  }

  // MARK: Tears.

  /// The pages of which an item was kept in part by the choice itself.
  private func tornPages(_ index: Int) -> [Int] {
    guard case .sectors(let chosen) = choice.data[index], perPage > 1 else { return [] }
    let units = inode.pendingData[index].units(of: sectorSize)
    var kept = RangeSet()
    for sector in chosen { kept.insert(sector..<sector + 1) }
    let whole = Disk.wholePages(of: units, in: kept, perPage)
    var torn: [Int] = []
    for sector in chosen where !whole.contains(sector) && torn.last != sector / perPage {
      torn.append(sector / perPage)
    }
    return torn
  }

  /// How many pages are torn.
  var tornPages: Int {
    var pages = RangeSet()
    for index in choice.data.indices {
      for page in tornPages(index) { pages.insert(page..<page + 1) }
    }
    return pages.ranges.reduce(0) { $0 + $1.count }
  }

  /// Whether only pages are torn that the disk holds, or that an earlier kept write brought there:
  /// new space is unwritten until its write is done.
  private var tearsArePermitted: Bool {
    for index in choice.data.indices {
      for page in tornPages(index) where !inode.durable.hasPage(page) {
        let wasThere = choice.data[..<index].indices.contains {
          choice.data[$0] != .none && !sectors[$0].isEmpty && isWhole($0, in: page)
            && inode.pendingData[$0].units(of: Page.size).contains(page)
        }
        guard wasThere, !inode.filling.contains(page) else { return false }
      }
    }
    return true
  }

  // MARK: Truncations.

  /// Whether each truncation and what it cut off agree as the rules demand.
  private var cutsArePermitted: Bool {
    for (index, cut) in inode.pendingData.enumerated() where cut.bytes == nil {
      // A hole that was punched is free, and so is the rest of a page that a barrier left behind
      // when it committed the truncation.
      guard
        let place = inode.pendingSizes.firstIndex(where: {
          $0.operation == cut.operation && !$0.byWrite && $0.after < $0.before
        })
      else { continue }
      let isDone = place < choice.size
      let isHead = cut.offset % UInt64(Page.size) != 0
      if isDone {
        if isHead && rules.truncation == .tailMayStayOld { continue }
        guard isWhole(index) || isEmptyBehind(cut, index) else { return false }
      } else if isHead && rules.truncation == .tailMayGoFirst {
        guard firstPageOnly(index) else { return false }
      } else {
        guard sectors[index].isEmpty else { return false }
      }
      guard isDone || nothingLater(index, from: laterBorder(cut)) else { return false }
    }
    return true
  }

  /// The first page in which nothing written after `cut` shows before the truncation is there.
  private func laterBorder(_ cut: PendingData) -> Int {
    rules.truncation == .tailMayStayOld
      ? Int(cut.offset) / Page.size : cut.firstWholePage
  }

  /// Whether only the page through which the cut goes was zeroed.
  private func firstPageOnly(_ index: Int) -> Bool {
    let border = inode.pendingData[index].firstWholePage * perPage
    return sectors[index].ranges.allSatisfy { $0.upperBound <= border }
  }

  /// Whether nothing written after item `index` reached the disk from page `page` on.
  private func nothingLater(_ index: Int, from page: Int) -> Bool {
    for later in inode.pendingData.indices.dropFirst(index + 1)
    where inode.pendingData[later].bytes != nil {
      if let last = sectors[later].ranges.last, last.upperBound > page * perPage { return false }
    }
    return true
  }

  /// Whether the disk has nothing behind the start of `cut`: there was nothing to cut off, and
  /// whether it was zeroed makes no difference.
  private func isEmptyBehind(_ cut: PendingData, _ index: Int) -> Bool {
    guard inode.durableSize <= cut.offset else { return false }
    let border = Int(cut.offset) / sectorSize
    for earlier in 0..<index where inode.pendingData[earlier].bytes != nil {
      if let last = sectors[earlier].ranges.last, last.upperBound > border { return false }
    }
    return inode.writtenAhead.intersection(border..<Int.max).isEmpty
  }

  // MARK: Preallocated space.

  /// Whether the pages written into preallocated space were kept in order: none without the
  /// earlier-written ones below it.
  private var preallocatedIsPermitted: Bool {
    guard rules.preallocatedInOrder, !inode.filling.isEmpty else { return true }
    var missing = Int.max  // the lowest page that an earlier item did not bring
    for (index, item) in inode.pendingData.enumerated() where item.bytes != nil {
      for page in inode.filling.intersection(item.units(of: Page.size)).ranges.joined() {
        if isWhole(index, in: page) {
          if page > missing { return false }
        } else {
          missing = min(missing, page)
        }
      }
    }
    return true
  }
}
