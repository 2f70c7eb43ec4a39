extension JSONCursor {
  /// Reads the answer to `get`.
  mutating func readRecord() throws(JSONError) -> RecordValue? {
    if try skipNull() { return nil }
    guard peek() == 0x7B else { throw wrong("record", "an object or null", at: offset) }
    var record = ScratchRecord()
    var vector: [Float] = []
    try readRecordMembers(into: &record, vector: &vector, needsID: false)
    return RecordValue(
      vector: vector, metadata: Metadata(alreadyCanonical: record.metadata))
  }

  /// Reads the answer to `search`.
  mutating func readMatches() throws(JSONError) -> [Match] {
    guard peek() == 0x5B else { throw wrong("matches", "an array", at: offset) }
    var matches: [Match] = []
    var first = true
    try enterArray()
    while try nextElement(first: &first) { matches.append(try readMatch()) }
    return matches
  }

  private mutating func readMatch() throws(JSONError) -> Match {
    guard peek() == 0x7B else { throw wrong("matches", "an array of objects", at: offset) }
    let start = offset
    var id: [UInt8] = []
    var distance: Double?
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      if key.isName("id") {
        try readID(into: &id)
      } else if key.isName("distance") {
        let byte = peek()
        let isNumber = byte == 0x2D || byte &- 0x30 < 10
        distance = isNumber ? try readDouble() : Double(try readNonFinite("distance"))
      } else {
        try skipValue()
      }
    }
    if id.isEmpty { throw JSONError(offset: start, reason: .missingField("id")) }
    guard let distance else {
      throw JSONError(offset: start, reason: .missingField("distance"))
    }
    return Match(id: id, distance: distance)
  }

  /// Reads the answer to `stats`.
  mutating func readStats() throws(JSONError) -> Stats {
    guard peek() == 0x7B else { throw wrong("stats", "an object", at: offset) }
    var stats = Stats()
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      if try skipNull() { continue }
      if key.isName("lsn") {
        stats.lsn = try readWhole("lsn")
      } else if key.isName("segments") {
        stats.segments = try readWhole("segments")
      } else if key.isName("logBytes") {
        stats.logBytes = try readWhole("logBytes")
      } else if key.isName("checkpoint") {
        stats.checkpoint = try readWhole("checkpoint")
      } else {
        try skipValue()
      }
    }
    return stats
  }

  /// Reads the answer to `dump` into columns, without a value for each record between.
  mutating func readRecords() throws(JSONError) -> Dump {
    guard peek() == 0x5B else { throw wrong("records", "an array", at: offset) }
    var dump = Dump()
    var record = ScratchRecord()
    var first = true
    try enterArray()
    while try nextElement(first: &first) {
      guard peek() == 0x7B else { throw wrong("records", "an array of objects", at: offset) }
      record.clear()
      try dump.appendRecord { (vector) throws(JSONError) in
        try readRecordMembers(into: &record, vector: &vector, needsID: true)
        return record
      }
    }
    return dump
  }

  /// Reads the members of one record; the vector's components are appended to `vector`.
  private mutating func readRecordMembers(
    into record: inout ScratchRecord, vector: inout [Float], needsID: Bool
  ) throws(JSONError) {
    let start = offset
    var seen: UInt8 = 0
    var unknownKeys = KeySet()
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &record.key) {
      let bit: UInt8
      if record.key.isName("id"), needsID {
        bit = 1
      } else if record.key.isName("vector") {
        bit = 2
      } else if record.key.isName("metadata") {
        bit = 4
      } else if record.key.isName("namespace"), needsID {
        bit = 8
      } else {
        try unknownKeys.insert(record.key, at: offset)
        try skipValue()
        continue
      }
      guard seen & bit == 0 else { throw error(.duplicateKey(record.key)) }
      seen |= bit
      switch bit {
      case 1: try readID(into: &record.id)
      case 2: try readVector(into: &vector)
      case 4: if try !skipNull() { try readMetadataField(into: &record.metadata) }
      case _ where try skipNull(): break
      case _ where peek() == 0x22: try readString(into: &record.namespace)
      default: throw wrong("namespace", "a string", at: offset)
      }
    }
    if needsID, seen & 1 == 0 { throw JSONError(offset: start, reason: .missingField("id")) }
    if seen & 2 == 0 { throw JSONError(offset: start, reason: .missingField("vector")) }
  }
}
