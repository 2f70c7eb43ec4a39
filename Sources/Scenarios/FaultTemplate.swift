public import DurabilityModel

/// A fault that some seeds of a scenario get; where it strikes is drawn for each seed.
public struct FaultTemplate: Sendable, Equatable {
  /// What it strikes.
  public var target: Target
  /// What it does.
  public var effect: Effect
  /// The pattern of the file's role; `*` is any.
  public var role = "*"
  /// The share of seeds that get one, in percent.
  public var share = 100
  /// After-states that are drawn from where a barrier fails; empty for what the model says.
  public var states: [AfterFailedBarrier] = []
  /// Which pages of a failed batch may be lost.
  public var lost: [LostPages] = [.all]

  /// What a fault strikes.
  public enum Target: Sendable, Equatable {
    /// A call; `fsync` means `fdatasync` too.
    case call(FaultableOperation)
    /// Work without a call.
    case background(Fault.BackgroundWork)
  }

  /// What a fault does.
  public enum Effect: Sendable, Equatable {
    /// It fails with the errno of this C name.
    case fails(errno: String)
    /// It transfers at most so many bytes.
    case short(most: Int)
    /// It takes up to so many milliseconds longer.
    case slow(most: Int)
    /// It never returns.
    case hangs
    /// Background work that succeeds.
    case done
  }

  /// Makes a template.
  public init(_ target: Target, _ effect: Effect) {
    self.target = target
    self.effect = effect
  }
}

/// The bounds between which each seed draws how many bytes the files of its world may take.
public struct QuotaRange: Sendable, Equatable {
  /// The least, in bytes.
  public var minimum: Int
  /// The most, in bytes.
  public var maximum: Int
  /// What a full quota may look like; each seed draws one.
  public var kinds: [Quota.Kind]

  /// Makes bounds.
  public init(minimum: Int, maximum: Int, kinds: [Quota.Kind] = Quota.Kind.allCases) {
    self.minimum = minimum
    self.maximum = maximum
    self.kinds = kinds
  }
}
