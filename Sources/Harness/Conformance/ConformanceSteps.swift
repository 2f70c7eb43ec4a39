import SubjectProtocol

/// What `torture check-subject` asks of every subject, by what the subject must support for it.
enum ConformanceSteps {
  /// The number of components of every vector here.
  static let dimension = 4

  /// A group and what people call it.
  struct Group: Sendable {
    var name: String
    var steps: [ConformanceStep]
  }

  /// Every group, in the order in which they are walked.
  static let groups: [Group] = [
    Group(name: "records", steps: records), Group(name: "ids", steps: ids),
    Group(name: "vectors", steps: vectors), Group(name: "metadata", steps: metadata),
    Group(name: "lines", steps: lines), Group(name: "batch", steps: batches),
    Group(name: "transactions", steps: transactions), Group(name: "namespaces", steps: namespaces),
    Group(name: "clear", steps: clears), Group(name: "flush and checkpoint", steps: barriers),
    Group(name: "search", steps: searches), Group(name: "stats", steps: stats),
    Group(name: "close", steps: closes),
  ]

  static let records: [ConformanceStep] = [
    ConformanceStep(
      "dump: the directory is empty at first, and so is the store",
      says: "Fine print: \"The directory exists, and is empty at the first open\"",
      #"{"op":"dump"}"#),
    ConformanceStep(
      "put, get: a record comes back", says: "the table: get answers \"record\" or null",
      #"{"op":"put","id":"a","vector":[1,2,3,4]}"#, #"{"op":"get","id":"a"}"#),
    ConformanceStep(
      "get: null for what is not there", says: "the table: get answers \"record\" or null",
      #"{"op":"get","id":"nobody"}"#),
    ConformanceStep(
      "put: takes the place of what was there",
      says: "the table: put stores under an id",
      #"{"op":"put","id":"b","vector":[1,1,1,1]}"#, #"{"op":"put","id":"b","vector":[2,2,2,2]}"#,
      #"{"op":"get","id":"b"}"#),
    ConformanceStep(
      "delete: removes", says: "the table: delete removes an id",
      #"{"op":"put","id":"c","vector":[3,3,3,3]}"#, #"{"op":"delete","id":"c"}"#,
      #"{"op":"get","id":"c"}"#),
    ConformanceStep(
      "delete: ok for what is not there",
      says: "Fine print: \"delete of what is not there answers ok\"",
      #"{"op":"delete","id":"nobody"}"#),
    ConformanceStep(
      "dump: shows what get shows", says: "the table: dump answers every record",
      #"{"op":"put","id":"d","vector":[4,5,6,7]}"#, #"{"op":"put","id":"e","vector":[8,9,1,2]}"#,
      #"{"op":"delete","id":"d"}"#, #"{"op":"get","id":"e"}"#, #"{"op":"dump"}"#),
  ]

  static let ids: [ConformanceStep] = [
    ConformanceStep(
      "ids: two spellings of an accented letter are two ids",
      says: "Fine print: \"Ids … are byte sequences (valid UTF-8), compared by byte\"",
      #"{"op":"put","id":"\u00e9","vector":[1,0,0,0]}"#,
      #"{"op":"put","id":"e\u0301","vector":[2,0,0,0]}"#, #"{"op":"get","id":"é"}"#,
      #"{"op":"get","id":"e\u0301"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "ids: an escape and the letter itself are one id",
      says: "Fine print: ids are compared by byte, and an escape is one way to write a byte",
      #"{"op":"put","id":"letter","vector":[1,0,0,1]}"#,
      #"{"op":"get","id":"\u006cetter"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "ids: quotes, backslashes, line ends and letters past U+FFFF",
      says: "Fine print: ids are any valid UTF-8",
      #"{"op":"put","id":"\"\\\n\r\t\u001f/","vector":[1,1,0,0]}"#,
      #"{"op":"put","id":"\ud83d\ude00 \u6f22 \u007f","vector":[1,1,1,0]}"#,
      #"{"op":"put","id":" ","vector":[1,1,1,1]}"#, #"{"op":"put","id":"../x","vector":[2,1,1,1]}"#,
      #"{"op":"get","id":"😀 漢 \u007f"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "ids: upper and lower case are two ids", says: "Fine print: compared by byte",
      #"{"op":"put","id":"Case","vector":[1,0,1,0]}"#,
      #"{"op":"put","id":"case","vector":[2,0,1,0]}"#,
      #"{"op":"get","id":"Case"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "ids: 1,024 bytes", says: "Fine print: \"up to 1,024 bytes\"",
      #"{"op":"put","id":""# + String(repeating: "x", count: 1024) + #"","vector":[7,0,0,0]}"#,
      #"{"op":"put","id":""# + String(repeating: "x", count: 1023) + #"","vector":[8,0,0,0]}"#,
      #"{"op":"dump"}"#),
    ConformanceStep(
      "ids: U+0000 within", says: "Fine print: \"U+0000 only with nul-ids\"", needs: .nulIDs,
      #"{"op":"put","id":"n\u0000a","vector":[1,0,0,0]}"#,
      #"{"op":"put","id":"n\u0000b","vector":[2,0,0,0]}"#,
      #"{"op":"put","id":"n","vector":[3,0,0,0]}"#, #"{"op":"get","id":"n\u0000a"}"#,
      #"{"op":"dump"}"#),
  ]

  static let vectors: [ConformanceStep] = [
    ConformanceStep(
      "vectors: -0.0 and 0.0 are two",
      says: "Fine print: \"compared bit for bit; negative zero is -0.0\"",
      #"{"op":"put","id":"z","vector":[-0.0,0.0,-0.0,0]}"#, #"{"op":"get","id":"z"}"#,
      #"{"op":"dump"}"#),
    ConformanceStep(
      "vectors: the least and the greatest numbers",
      says: "Fine print: \"numbers, exact as Float32, compared bit for bit\"",
      #"{"op":"put","id":"s","vector":[1e-45,-1.1754942e-38,3.4028235e38,-3.4028235e38]}"#,
      #"{"op":"get","id":"s"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "vectors: every digit of a Float32", says: "Fine print: \"numbers, exact as Float32\"",
      #"{"op":"put","id":"f","vector":[0.1,16777216e0,0.33333334,1.00000012]}"#,
      #"{"op":"get","id":"f"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "vectors: nan, inf and -inf",
      says: "Fine print: \"with non-finite also nan (the one pattern 0x7fc00000), inf, -inf\"",
      needs: .nonFinite, #"{"op":"put","id":"i","vector":["nan","inf","-inf",1]}"#,
      #"{"op":"get","id":"i"}"#, #"{"op":"dump"}"#),
  ]

  static let metadata: [ConformanceStep] = [
    ConformanceStep(
      "metadata: every kind of value", says: "Fine print: metadata is \"compared as JSON values\"",
      needs: .metadata,
      #"{"op":"put","id":"m","vector":[1,2,3,4],"metadata":{"n":null,"b":[true,false],"#
        + #""o":{"":{"x":[]}},"s":"\"\\\u0001é","f":0.1}}"#,
      #"{"op":"get","id":"m"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "metadata: numbers as Float64",
      says: "Fine print: \"numbers as Float64, none beyond it\"", needs: .metadata,
      #"{"op":"put","id":"n","vector":[1,2,3,4],"metadata":{"a":1e300,"b":9007199254740992,"#
        + #""c":-1e-300,"d":0.30000000000000004,"e":123456789012,"f":5e-324}}"#,
      #"{"op":"get","id":"n"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "metadata: absent is {}, also in the place of some",
      says: "Fine print: \"Absent metadata equals {}\"", needs: .metadata,
      #"{"op":"put","id":"p","vector":[1,2,3,4],"metadata":{"old":1}}"#,
      #"{"op":"put","id":"p","vector":[1,2,3,4]}"#, #"{"op":"get","id":"p"}"#,
      #"{"op":"put","id":"q","vector":[1,2,3,4],"metadata":{}}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "metadata: keys that differ in one byte",
      says: "Fine print: metadata keys are compared by byte", needs: .metadata,
      #"{"op":"put","id":"k","vector":[1,2,3,4],"metadata":{"\u00e9":1,"e\u0301":2,"E":3,"e":4}}"#,
      #"{"op":"get","id":"k"}"#),
  ]

  static let lines: [ConformanceStep] = [
    ConformanceStep(
      "lines: fields in any order, and unknown ones ignored",
      says: "\"Unknown fields are ignored\"",
      #"{"vector":[5,5,5,5],"x-new":{"op":"delete","a":[1,{"b":null}]},"id":"l","op":"put"}"#,
      #"{"id":"l","op":"get","y":"}"}"#),
    ConformanceStep(
      "lines: spaces between the parts", says: "one JSON object a line",
      #"{ "op" : "put" , "id" : "w" , "vector" : [ 1 , 2 , 3.0 , 4e0 ] }"#,
      #"{"op":"get","id":"w"}"#),
    ConformanceStep(
      "lines: one of 200 KB each way", says: "one JSON object a line, however long",
      needs: .metadata,
      #"{"op":"put","id":"long","vector":[1,2,3,4],"metadata":{"pad":""#
        + String(repeating: "0123456789abcdef", count: 12_500) + #""}}"#,
      #"{"op":"get","id":"long"}"#),
  ]

  static let batches: [ConformanceStep] = [
    ConformanceStep(
      "batch: its members in order", says: "the table: operations is an array of put and delete",
      #"{"op":"batch","operations":[{"op":"put","id":"b1","vector":[1,1,1,1]},"#
        + #"{"op":"put","id":"b2","vector":[2,2,2,2]},{"op":"delete","id":"b1"},"#
        + #"{"op":"put","id":"b2","vector":[3,3,3,3]}]}"#,
      #"{"op":"dump"}"#),
    ConformanceStep(
      "batch: of no members", says: "the table: operations is an array; it may be empty",
      #"{"op":"batch","operations":[]}"#, #"{"op":"dump"}"#),
  ]
}
