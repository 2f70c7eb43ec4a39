/// A pseudo-random generator whose algorithm is frozen here: xoshiro256**, seeded by splitmix64.
///
/// The standard library's `random(in:using:)` is not ours to freeze, so every draw has its own
/// function here, and golden vectors in the tests hold them.
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2018).
public struct PRNG: Sendable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// A generator at the start of `seed`'s sequence.
  public init(_ seed: Seed) {
    var state = seed.value
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    s0 = next()
    s1 = next()
    s2 = next()
    s3 = next()
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let result = Self.rotate(s1 &* 5, 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = Self.rotate(s3, 45)
    return result
  }

  /// A number from 0 to `bound` − 1; `bound` is above zero.
  ///
  /// By Lemire's multiplication; the bias is below 2⁻³² for the bounds in use and kept for speed.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a bound above zero is needed to draw below it")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A number in `range`, which has fewer than 2⁶³ members.
  public mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// True in `numerator` of `denominator` draws.
  public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    below(denominator) < numerator
  }

  /// One element of `choices`, which is not empty.
  public mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[below(choices.count)]
  }

  /// An index of `weights`, each as likely as its weight; the sum is above zero.
  public mutating func index(weights: [Int]) -> Int {
    var remaining = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      remaining -= weight
      if remaining < 0 { return index }
    }
    preconditionFailure("the weights' sum changed while drawing")
  }

  /// Puts `elements` in a random order (Fisher–Yates).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, below(last + 1))
    }
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }
}
