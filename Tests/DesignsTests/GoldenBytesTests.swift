import SubjectProtocol
import Testing

@testable import Designs

@Suite("The bytes that the designs write")
struct GoldenBytesTests {
  @Test("vecstore: a length, then bincode's sequence, variant, id and vector")
  func vecstore() throws {
    let design = try OpenDesign("vecstore")
    try design.put("ab", [1, -2])
    design.delete("ab")
    #expect(
      design.storage.files["store.wal"]
        == bytes(
          """
          26000000 0000000000000000 00000000 0200000000000000 6162
          0200000000000000 0000803f 000000c0
          16000000 0100000000000000 02000000 0200000000000000 6162
          """))
    // One write for each entry: what is buffered is flushed, and never synced.
    #expect(design.storage.operations == ["write store.wal 42", "write store.wal 26"])
  }

  @Test("oxirs: a header, then a number, a length and oxicode's entry")
  func oxirs() throws {
    let design = try OpenDesign("oxirs-sync")
    try design.put("ab", [1, -2], metadata: #"{"k":7}"#)
    let name = "wal-000000006553f100.log"
    #expect(
      design.storage.files[name]
        == bytes(
          """
          57414c56 01000000 00f1536500000000
          0000000000000000 18000000
          00 02 6162 02 0000803f 000000c0 01 01 01 6b 01 37 fc00f15365
          """))
    #expect(design.storage.operations == ["write \(name) 36", "fsync \(name)"])
  }

  @Test("dakera: a line of number and JSON; the segment's name is one ahead of its first entry")
  func dakera() throws {
    let design = try OpenDesign("dakera")
    try design.put("a\"", [1, 0.1], metadata: #"{"k":7}"#)
    try design.put("b", [1e21, Float(bitPattern: 1)])
    design.delete("b")
    #expect(
      String(
        decoding: design.storage.files["00000000000000000001.wal"] ?? [], as: UTF8.self)
          == #"""
          0|{"Upsert":{"namespace":"","vectors":[\#
          {"id":"a\"","values":[1.0,0.1],"metadata":"{\"k\":7}"}]}}
          1|{"Upsert":{"namespace":"","vectors":[{"id":"b","values":[1e21,1e-45],"metadata":null}]}}
          2|{"Delete":{"namespace":"","ids":["b"]}}

          """#)
    #expect(design.storage.operations.contains { $0.hasPrefix("fsync") } == false)
  }

  @Test("foxstash: a length and JSON with a checksum over the other fields")
  func foxstash() throws {
    let design = try OpenDesign("foxstash-sync")
    try design.put("a", [1, -2], metadata: #"{"z":0.5,"k":7}"#)
    let payload =
      #"[1,1700000000001,{"Add":{"id":"a","content":"","embedding":[1.0,-2.0],"#
      + #""metadata":{"k":7,"z":0.5}}}]"#
    let json =
      #"{"seq":1,"timestamp":1700000000001,"operation":{"Add":{"id":"a","content":"","#
      + #""embedding":[1.0,-2.0],"metadata":{"k":7,"z":0.5}}},"checksum":"#
      + "\(CRC32.checksum(Array(payload.utf8)))}"
    #expect(
      design.storage.files["wal_00000.log"] == UInt32(json.utf8.count).littleEndianBytes
        + Array(json.utf8))
    design.storage.forgetOperations()
    #expect(design.answer(.checkpoint) == .ok)
    let manifest = String(decoding: design.storage.files["manifest.json"] ?? [], as: UTF8.self)
    #expect(
      manifest == """
        {
          "current_checkpoint": 1,
          "wal_seq": 2,
          "ops_since_checkpoint": 0,
          "total_documents": 1,
          "embedding_dim": 2,
          "index_type": "flat",
          "last_modified": 1700000000
        }
        """)
    // The header of the crate, then gzip (RFC 1952).
    let checkpoint = design.storage.files["checkpoint_00001.bin"] ?? []
    #expect(checkpoint.starts(with: [1, 1, 0, 0, 0x1F, 0x8B, 8]))
    // Replaced files are renamed after a sync of their own; nothing syncs the directory.
    #expect(design.storage.operations.contains("fsyncdir") == false)
    #expect(design.storage.operations.last == "remove wal_00000.log")
  }

  @Test("velesdb: an operation, an id, a length, the vector and a checksum; a hole for a delete")
  func velesdb() throws {
    let design = try OpenDesign("velesdb")
    try design.put("ab", [1, -2])
    let body = bytes("01 0000000000000000 08000000 0000803f 000000c0")
    let log = body + CRC32.checksum(body).littleEndianBytes
    #expect(design.storage.files["vectors.wal"] == log)
    #expect(design.storage.files["vectors.dat"]?.prefix(8) == bytes("0000803f 000000c0")[...])
    design.storage.forgetOperations()
    design.delete("ab")
    let removal = bytes("02 0000000000000000")
    #expect(
      design.storage.files["vectors.wal"] == log + removal
        + CRC32.checksum(removal).littleEndianBytes)
    #expect(
      design.storage.operations
        == ["write vectors.wal 13", "fsync vectors.wal", "punch vectors.dat 0 8"])
  }
}

@Suite("The encodings that the designs share")
struct EncodingTests {
  @Test("CRC-32 of its check value")
  func checksum() { #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926) }

  @Test(
    "Numbers of variable length, as bincode 2 documents them",
    arguments: [
      (0, "00"), (250, "fa"), (251, "fb fb00"), (65535, "fb ffff"), (65536, "fc 00000100"),
      (4_294_967_296, "fd 0000000001000000"),
    ] as [(UInt64, String)])
  func variableNumbers(value: UInt64, text: String) throws {
    var encoder = BinaryEncoder(.variable)
    encoder.number(value)
    #expect(encoder.output == bytes(text))
    var decoder = BinaryDecoder(encoder.output, .variable)
    #expect(try decoder.number() == value)
  }

  @Test(
    "Floating-point numbers as ryu lays them out",
    arguments: [
      (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (1e15, "1000000000000000.0"),
      (1e16, "1e16"), (1.5e300, "1.5e300"), (1e-5, "0.00001"), (1e-6, "1e-6"),
      (1.25e-7, "1.25e-7"), (.leastNonzeroMagnitude, "5e-324"), (123456.789, "123456.789"),
    ] as [(Double, String)])
  func doubles(value: Double, text: String) { #expect(RyuText.text(value) == text) }

  @Test("serde_json's default numbers: most come back, some by one unit in the last place")
  func roundTrip() throws {
    guard case .float(let tenth) = try SerdeParser.parse(Array("0.1".utf8)) else {
      Issue.record("no number")
      return
    }
    #expect(tenth == 0.1)
    // 17976931348623157 × 1e292 is one multiplication, and is too much.
    #expect(throws: SerdeFailure.numberOutOfRange) {
      try SerdeParser.parse(Array("1.7976931348623157e309".utf8))
    }
  }

  @Test(
    "What is no JSON is refused",
    arguments: [
      "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "\"\u{1}\"", "nul", "[1] x", "\"\\ud800\"",
    ])
  func refuses(text: String) {
    #expect(throws: SerdeFailure.self) { try SerdeParser.parse(Array(text.utf8)) }
  }

  @Test("gzip comes back, and damage does not")
  func gzip() {
    let data = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    var packed = FoxstashCodec.gzip.compress(data)
    #expect(FoxstashCodec.decompress(packed) == data)
    #expect(FoxstashCodec.decompress(Array(packed.dropLast(3))) == nil)
    packed[packed.count - 6] ^= 1
    #expect(FoxstashCodec.decompress(packed) == nil)
  }
}
