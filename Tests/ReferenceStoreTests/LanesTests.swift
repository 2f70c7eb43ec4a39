import CVectors
import Testing

@testable import ReferenceStore

@Suite("Sums over vectors")
struct LanesTests {
  /// Any bits but now and then something that is not finite, or hardly a number.
  private func vector(_ count: Int, _ random: inout TestRandom) -> [Float] {
    (0..<count).map { _ in
      switch random.below(200) {
      case 0: .nan
      case 1: .infinity
      case 2: Float.leastNonzeroMagnitude
      case 3: Float.greatestFiniteMagnitude
      case 4: -1e20
      default: Float(random.below(2001) - 1000) / 256
      }
    }
  }

  @Test(
    "The processor's own instructions and Swift's lanes agree, for every dimension up to 70",
    .enabled(if: Lanes.isWide))
  func agree() throws {
    var random = TestRandom(seed: 4)
    for dimension in 1...70 {
      let query = vector(dimension, &random).map { $0.isFinite ? $0 : 1 }
      // One component in front, so that nothing is aligned.
      let vectors = [0] + vector(dimension * 5, &random)
      var wide = [Float](repeating: 0, count: 5)
      var products = wide
      var squares = wide
      try vectors.withUnsafeBytes { bytes in
        try query.withUnsafeBytes { query in
          let start = try #require(bytes.baseAddress) + 4
          let query = try #require(query.baseAddress)
          cvectors_squared_distances(query, start, dimension, 5, &wide)
          cvectors_inner_products(query, start, dimension, 5, &products, &squares)
          for number in 0..<5 {
            let other = start + number * dimension * 4
            let distance = Lanes.squaredDistance(query, other, dimension)
            let (dot, square) = Lanes.dotAndSquare(query, other, dimension)
            var scale: Float = 0
            for place in 0..<dimension {
              let factor = other.loadUnaligned(fromByteOffset: place * 4, as: Float.self)
              scale += (query.load(fromByteOffset: place * 4, as: Float.self) * factor).magnitude
            }
            #expect(isNear(wide[number], distance, distance), "dimension \(dimension)")
            #expect(isNear(squares[number], square, square), "dimension \(dimension)")
            #expect(isNear(products[number], dot, scale), "dimension \(dimension)")
          }
        }
      }
    }
  }

  /// Whether two sums differ by rounding alone, or both overflowed or are no numbers.
  private func isNear(_ first: Float, _ second: Float, _ scale: Float) -> Bool {
    if !first.isFinite || !second.isFinite { return !scale.isFinite || !first.isFinite }
    return (first - second).magnitude <= scale * 1e-4 + 1e-30
  }

  @Test("The next distance within a limit is found wherever it stands, and what is no number too")
  func nextWithin() {
    for count in 0..<40 {
      var distances = [Float](repeating: 9, count: count)
      #expect(Lanes.next(0..<count, of: distances, within: 8) == count)
      for place in 0..<count {
        for near in [Float(8), -1, .nan, -.infinity] {
          distances[place] = near
          for start in [0, place / 2, place] {
            #expect(Lanes.next(start..<count, of: distances, within: 8) == place)
          }
          #expect(Lanes.next(place + 1..<count, of: distances, within: 8) == count)
        }
        distances[place] = 9
      }
    }
  }
}
