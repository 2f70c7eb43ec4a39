/// A query vector, and its distances to others.
///
/// A search first takes a distance in Float32, many lanes at a time, from which `lowerBound` gives
/// what the true one cannot be below; only records that may be among the nearest are then compared
/// in Float64. So the result is exact and most vectors are read once, at the speed of memory.
struct Query {
  private let components: [Float]
  private let metric: Store.Metric
  /// The length of the query.
  let norm: Double
  /// What rounding may add to a sum in Float32, relative to the sum of the terms' magnitudes: for n
  /// terms at most (n + 2)·2⁻²⁴ (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1),
  /// doubled for the differences and products below them.
  private let slack: Double
  /// What underflow may take from a sum.
  private let underflow: Double

  /// A query of finite components.
  init(_ components: [Float], _ metric: Store.Metric) {
    self.components = components
    self.metric = metric
    norm = components.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    slack = Double(components.count + 16) * 0x1p-22
    underflow = Double(components.count) * 0x1p-124
  }

  /// The number of components.
  @inline(__always)
  var count: Int { components.count }

  /// A number that the distance to the vector at `other` is not below; minus infinity where Float32
  /// cannot tell.
  @inline(__always)
  func lowerBound(_ other: UnsafeRawPointer) -> Double {
    components.withUnsafeBytes { query in
      guard let start = query.baseAddress else { return -.infinity }
      switch metric {
      case .l2:
        let sum = Double(Lanes.squaredDistance(start, other, count))
        return sum.isFinite ? sum - sum * slack - underflow : -.infinity
      case .dot:
        let (dot, square) = Lanes.dotAndSquare(start, other, count)
        let length = (Double(square) * (1 + slack) + underflow).squareRoot()
        let bound = -Double(dot) - norm * length * slack - underflow
        return bound.isFinite ? bound : -.infinity
      case .cosine:
        let (dot, square) = Lanes.dotAndSquare(start, other, count)
        guard square > 0x1p-80, square.isFinite, norm > 0x1p-40 else { return -.infinity }
        let cosine = Double(dot) / (norm * Double(square).squareRoot())
        return cosine.isFinite ? 1 - cosine - 4 * slack - 4 * slack * cosine.magnitude : -.infinity
      }
    }
  }

  /// The distance to the vector at `other`, in Float64; not finite when there is none.
  func distance(_ other: UnsafeRawPointer) -> Double {
    var sum = 0.0
    var square = 0.0
    for (index, component) in components.enumerated() {
      let value = Double(other.load(fromByteOffset: index * 4, as: Float.self))
      switch metric {
      case .l2: sum += (Double(component) - value) * (Double(component) - value)
      case .dot: sum += Double(component) * value
      case .cosine:
        sum += Double(component) * value
        square += value * value
      }
    }
    switch metric {
    case .l2: return sum
    case .dot: return -sum
    case .cosine: return square > 0 ? 1 - sum / (norm * square.squareRoot()) : .nan
    }
  }
}

/// Sums over two vectors in Float32, eight lanes at a time in four chains, so that additions do not
/// wait for one another.
private enum Lanes {
  private typealias Lane = SIMD8<Float>
  private static let lanes = 8

  @inline(__always)
  private static func load(_ start: UnsafeRawPointer, _ index: Int) -> Lane {
    start.loadUnaligned(fromByteOffset: index * 4, as: Lane.self)
  }

  @inline(__always)
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

  /// The inner product, and the squared length of the second vector.
  @inline(__always)
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
