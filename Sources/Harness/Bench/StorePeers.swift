import CPeers
import Glibc

/// What the store is held against; nil where a peer is not installed (`make bench` installs them).
enum StorePeers {
  /// The seconds that `call` took, or nil when the peer is not installed.
  static func seconds(_ name: String, _ call: () -> Double) throws(RunError) -> Double? {
    let result = call()
    if result == -2 { return nil }
    guard result > 0 else { throw .harness("bench: \(name) failed: errno \(errno)") }
    return result
  }

  /// What faiss answered.
  struct Search {
    /// The milliseconds of each query.
    var milliseconds: [Double]
    /// The rows found by each query, nearest first.
    var rows: [[Int]]
  }

  /// Searches the Float32 vectors in the file at `vectors` with faiss's IndexFlat, one query of
  /// those in `queries` at a time, on one thread. Nil when faiss is not installed.
  static func faiss(vectors: String, queries: String, dimension: Int) throws(RunError) -> Search? {
    let python = ".build/bench-venv/bin/python"
    guard access(python, X_OK) == 0 else { return nil }
    let command =
      "\(python) .ci/faiss-search.py '\(vectors)' '\(queries)' \(dimension) 2>/dev/null"
    guard let stream = popen(command, "r") else { throw .harness("bench: no shell") }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { break }
      text += buffer[..<count]
    }
    guard pclose(stream) == 0 else { return nil }
    var search = Search(milliseconds: [], rows: [])
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let time = words.first.flatMap({ Double($0) }) else { return nil }
      search.milliseconds.append(time)
      search.rows.append(words.dropFirst().compactMap { Int($0) })
    }
    return search
  }
}
