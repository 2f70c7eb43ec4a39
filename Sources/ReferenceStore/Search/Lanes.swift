internal import CVectors

/// Sums over vectors in Float32, many lanes at a time in several chains, so that additions do not
/// wait for one another: by the processor's own instructions where they are there, and by Swift's
/// vectors of eight lanes elsewhere. Both are within the rounding that `Query` allows for.
enum Lanes {
  private typealias Lane = SIMD8<Float>
  private static let lanes = 8

  /// Whether the processor's own instructions are used.
  static let isWide = cvectors_is_supported() != 0

  /// The squared distances of `query` to `count` vectors, one behind the other at `vectors`.
  @inline(__always)
  static func squaredDistances(
    _ query: UnsafeRawPointer, _ vectors: UnsafeRawPointer, dimension: Int, count: Int,
    into distances: UnsafeMutablePointer<Float>
  ) {
    if isWide {
      cvectors_squared_distances(query, vectors, dimension, count, distances)
    } else {
      for number in 0..<count {
        distances[number] = squaredDistance(query, vectors + number * dimension * 4, dimension)
      }
    }
  }

  /// The inner products of `query` and `count` vectors, and the vectors' squared lengths.
  @inline(__always)
  static func innerProducts(
    _ query: UnsafeRawPointer, _ vectors: UnsafeRawPointer, dimension: Int, count: Int,
    into products: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>
  ) {
    if isWide {
      cvectors_inner_products(query, vectors, dimension, count, products, squares)
    } else {
      for number in 0..<count {
        (products[number], squares[number]) = dotAndSquare(
          query, vectors + number * dimension * 4, dimension)
      }
    }
  }

  /// The first of `numbers` whose distance is not above `limit`, or is no number; the end when
  /// there is none.
  @inline(__always)
  static func next(
    _ numbers: Range<Int>, of distances: UnsafePointer<Float>, within limit: Float
  ) -> Int {
    if isWide {
      return cvectors_next_within(distances, numbers.lowerBound, numbers.upperBound, limit)
    }
    var number = numbers.lowerBound
    while number < numbers.upperBound, distances[number] > limit { number += 1 }
    return number
  }

  @inline(__always)
  private static func load(_ start: UnsafeRawPointer, _ index: Int) -> Lane {
    start.loadUnaligned(fromByteOffset: index * 4, as: Lane.self)
  }

  /// The squared distance of two vectors.
  static func squaredDistance(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ count: Int
  ) -> Float {
    var sums = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
    var index = 0
    while index + 4 * lanes <= count {
      let d0 = load(first, index) - load(second, index)
      let d1 = load(first, index + 8) - load(second, index + 8)
      let d2 = load(first, index + 16) - load(second, index + 16)
      let d3 = load(first, index + 24) - load(second, index + 24)
      sums.0 += d0 * d0
      sums.1 += d1 * d1
      sums.2 += d2 * d2
      sums.3 += d3 * d3
      index += 4 * lanes
    }
    while index + lanes <= count {
      let difference = load(first, index) - load(second, index)
      sums.0 += difference * difference
      index += lanes
    }
    var sum = ((sums.0 + sums.1) + (sums.2 + sums.3)).sum()
    while index < count {
      let difference =
        first.load(fromByteOffset: index * 4, as: Float.self)
        - second.load(fromByteOffset: index * 4, as: Float.self)
      sum += difference * difference
      index += 1
    }
    return sum
  }

  /// The inner product of two vectors, and the squared length of the second.
  static func dotAndSquare(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ count: Int
  ) -> (dot: Float, square: Float) {
    var dots = (Lane.zero, Lane.zero)
    var squares = (Lane.zero, Lane.zero)
    var index = 0
    while index + 2 * lanes <= count {
      let a = load(second, index)
      let b = load(second, index + 8)
      dots.0 += load(first, index) * a
      dots.1 += load(first, index + 8) * b
      squares.0 += a * a
      squares.1 += b * b
      index += 2 * lanes
    }
    var dot = (dots.0 + dots.1).sum()
    var square = (squares.0 + squares.1).sum()
    while index < count {
      let value = second.load(fromByteOffset: index * 4, as: Float.self)
      dot += first.load(fromByteOffset: index * 4, as: Float.self) * value
      square += value * value
      index += 1
    }
    return (dot, square)
  }
}
