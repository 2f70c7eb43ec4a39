import Determinism
@testable import Harness
import Testing

@Suite("What arrives in pieces")
struct BufferTests {
  @Test("Lines are the same however the bytes arrive", arguments: 0..<50)
  func lines(round: Int) {
    var random = PRNG(Seed(UInt64(round)))
    var buffer = LineBuffer(limit: 40)
    var expected: [[UInt8]] = []
    var stream: [UInt8] = []
    for _ in 0..<random.number(in: 1...6_000) {
      let line = (0..<random.below(41)).map { _ in UInt8(0x61 + random.below(26)) }
      expected.append(line)
      stream += line + [0x0a]
    }
    var taken: [[UInt8]] = []
    var position = 0
    while position < stream.count {
      let end = min(stream.count, position + random.number(in: 1...300))
      stream[position..<end].withUnsafeBytes { buffer.append($0) }
      position = end
      // Sometimes the lines are left for later.
      if random.chance(1, in: 3) { while let line = buffer.takeLine() { taken.append(line) } }
    }
    while let line = buffer.takeLine() { taken.append(line) }
    #expect(taken == expected && buffer.count == 0 && !buffer.isTooLong, "seed \(round)")
  }

  @Test("A line above the limit is never given out, whole or in part")
  func longLines() {
    for length in 0...12 {
      for cut in 0...length {
        var buffer = LineBuffer(limit: 8)
        let line = [UInt8](repeating: 0x78, count: length)
        line[..<cut].withUnsafeBytes { buffer.append($0) }
        #expect(buffer.takeLine() == nil)
        #expect(buffer.isTooLong == (cut > 8))
        (line[cut...] + [0x0a]).withUnsafeBytes { buffer.append($0) }
        #expect(buffer.takeLine() == (length <= 8 ? line : nil))
        #expect(buffer.isTooLong == (length > 8))
      }
    }
  }

  @Test("An excerpt has the first and the last bytes and counts the rest", arguments: 0..<50)
  func excerpts(round: Int) {
    var random = PRNG(Seed(UInt64(round)))
    let tail = random.number(in: 1...5_000)
    var excerpt = OutputExcerpt(tailLimit: tail)
    var all: [UInt8] = []
    for _ in 0..<random.below(20) {
      let piece = (0..<random.below(4_000)).map { _ in UInt8(random.below(256)) }
      piece.withUnsafeBytes { excerpt.append($0) }
      all += piece
    }
    #expect(excerpt.totalCount == all.count)
    if all.count <= OutputExcerpt.headLimit + tail {
      #expect(excerpt.bytes == all && excerpt.droppedCount == 0, "seed \(round)")
    } else {
      #expect(excerpt.droppedCount == all.count - OutputExcerpt.headLimit - tail)
      #expect(excerpt.bytes.starts(with: all.prefix(OutputExcerpt.headLimit)), "seed \(round)")
      #expect(excerpt.bytes.suffix(tail).elementsEqual(all.suffix(tail)), "seed \(round)")
    }
  }
}
