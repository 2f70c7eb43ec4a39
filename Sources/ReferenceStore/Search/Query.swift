/// A query vector, and its distances to others.
///
/// A search first takes distances in Float32, a block of vectors at a time, from which it knows
/// what the true ones cannot be below; only records that may be among the nearest are then compared
/// in Float64. So the result is exact and most vectors are read once, at the speed of memory.
struct Query {
  private let components: [Float]
  private let metric: Store.Metric
  /// The length of the query.
  let norm: Double
  /// What rounding may add to a sum in Float32, relative to the sum of the terms' magnitudes: for n
  /// terms at most (n + 2)·2⁻²⁴ in whatever order they are added (Higham, "Accuracy and Stability
  /// of Numerical Algorithms", 3.1), doubled for the differences and products below them.
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

  /// Writes what the distance to each of `count` vectors is not below, as far as `limit` is to be
  /// compared with it: minus infinity, or no number, where Float32 cannot tell. The vectors lie one
  /// behind the other. `lengths` has room for as many numbers as `bounds`.
  func bounds(
    _ vectors: UnsafeRawPointer, count: Int, into bounds: UnsafeMutablePointer<Float>,
    lengths: UnsafeMutablePointer<Float>
  ) {
    let dimension = components.count
    components.withUnsafeBytes { query in
      guard let query = query.baseAddress else { return }
      switch metric {
      case .l2:
        // The sums as they are: `limit(for:)` has the rounding on the other side.
        Lanes.squaredDistances(query, vectors, dimension: dimension, count: count, into: bounds)
        return
      case .dot, .cosine:
        Lanes.innerProducts(
          query, vectors, dimension: dimension, count: count, into: bounds, squares: lengths)
      }
    }
    switch metric {
    case .l2: return
    case .dot:
      for number in 0..<count {
        bounds[number] = dotBound(product: bounds[number], square: lengths[number])
      }
    case .cosine:
      for number in 0..<count {
        bounds[number] = cosineBound(product: bounds[number], square: lengths[number])
      }
    }
  }

  @inline(__always)
  private func dotBound(product: Float, square: Float) -> Float {
    let length = (Double(square) * (1 + slack) + underflow).squareRoot()
    let bound = -Double(product) - norm * length * slack - underflow
    return bound.isFinite ? Float(bound) : -.infinity
  }

  @inline(__always)
  private func cosineBound(product: Float, square: Float) -> Float {
    guard square > 0x1p-80, square.isFinite, norm > 0x1p-40 else { return -.infinity }
    let cosine = Double(product) / (norm * Double(square).squareRoot())
    let bound = 1 - cosine - 4 * slack - 4 * slack * cosine.magnitude
    return bound.isFinite ? Float(bound) : -.infinity
  }

  /// The number above which a bound says that the distance is above `threshold`.
  func limit(for threshold: Double) -> Float {
    guard threshold.isFinite else { return .infinity }
    let limit: Double =
      switch metric {
      case .l2: (threshold + underflow) / (1 - slack)
      case .dot, .cosine: threshold
      }
    // Float's own rounding, of the limit and of the bounds, is allowed for as well.
    return Float(limit + limit.magnitude * 0x1p-22 + 0x1p-140).nextUp
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
