/// What foxstash-core's `manifest.json` holds.
struct FoxstashManifest: Equatable {
  var currentCheckpoint: UInt64?
  var walSequence: UInt64 = 0
  var operationsSinceCheckpoint: UInt64 = 0
  var totalDocuments: UInt64 = 0
  var dimension: UInt64 = 0
  var indexType: [UInt8] = []
  var lastModified: UInt64 = 0

  init() {}

  var json: [UInt8] {
    SerdeWriter.prettyText(
      .object([
        (
          key: Array("current_checkpoint".utf8),
          value: currentCheckpoint.map { .unsigned($0) } ?? .null
        ),
        (key: Array("wal_seq".utf8), value: .unsigned(walSequence)),
        (key: Array("ops_since_checkpoint".utf8), value: .unsigned(operationsSinceCheckpoint)),
        (key: Array("total_documents".utf8), value: .unsigned(totalDocuments)),
        (key: Array("embedding_dim".utf8), value: .unsigned(dimension)),
        (key: Array("index_type".utf8), value: .string(indexType)),
        (key: Array("last_modified".utf8), value: .unsigned(lastModified)),
      ]))
  }

  init(parsing json: [UInt8]) throws(SerdeFailure) {
    let value = try SerdeParser.parse(json)
    if let number = try value.member("current_checkpoint") {
      if case .null = number {} else { currentCheckpoint = try number.asUnsigned() }
    }
    walSequence = try value.required("wal_seq").asUnsigned()
    operationsSinceCheckpoint = try value.required("ops_since_checkpoint").asUnsigned()
    totalDocuments = try value.required("total_documents").asUnsigned()
    dimension = try value.required("embedding_dim").asUnsigned()
    indexType = try value.required("index_type").asString()
    lastModified = try value.required("last_modified").asUnsigned()
  }
}

/// What a `checkpoint_N.meta` holds.
struct FoxstashCheckpointMeta: Equatable {
  var id: UInt64
  var walSequence: UInt64
  var documentCount: UInt64
  var dimension: UInt64
  var indexType: [UInt8]
  var createdAt: UInt64
  var originalSize: UInt64
  var compressedSize: UInt64
  var codec: FoxstashCodec

  var json: [UInt8] {
    SerdeWriter.prettyText(
      .object([
        (key: Array("id".utf8), value: .unsigned(id)),
        (key: Array("wal_seq".utf8), value: .unsigned(walSequence)),
        (key: Array("document_count".utf8), value: .unsigned(documentCount)),
        (key: Array("embedding_dim".utf8), value: .unsigned(dimension)),
        (key: Array("index_type".utf8), value: .string(indexType)),
        (key: Array("created_at".utf8), value: .unsigned(createdAt)),
        (key: Array("original_size".utf8), value: .unsigned(originalSize)),
        (key: Array("compressed_size".utf8), value: .unsigned(compressedSize)),
        (key: Array("codec".utf8), value: .string(Array(codec.rawValue.utf8))),
      ]))
  }
}

extension FoxstashCheckpointMeta {
  init(parsing json: [UInt8]) throws(SerdeFailure) {
    let value = try SerdeParser.parse(json)
    id = try value.required("id").asUnsigned()
    walSequence = try value.required("wal_seq").asUnsigned()
    documentCount = try value.required("document_count").asUnsigned()
    dimension = try value.required("embedding_dim").asUnsigned()
    indexType = try value.required("index_type").asString()
    createdAt = try value.required("created_at").asUnsigned()
    originalSize = try value.required("original_size").asUnsigned()
    compressedSize = try value.required("compressed_size").asUnsigned()
    let name = try value.required("codec").asString()
    guard let codec = FoxstashCodec(rawValue: String(decoding: name, as: UTF8.self)) else {
      throw .unknownVariant
    }
    self.codec = codec
  }
}
