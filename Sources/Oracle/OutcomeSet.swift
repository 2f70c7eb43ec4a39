import SubjectProtocol

/// The kinds of effects that a crash left open, and which of the two ways each was seen to come
/// out.
///
/// An effect counts where what was shown after the crash leaves no doubt about it: another value
/// written over it does.
public struct OutcomeSet: OptionSet, Sendable, Hashable {
  /// Two bits a kind: absent, then present; kinds in the order of `OutcomeKind.all`.
  public let rawValue: UInt64

  /// Makes a set of its bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A kind of effect that a crash leaves open.
public struct OutcomeKind: Sendable {
  /// Its name in reports.
  public let name: String
  private let position: UInt64

  /// Why it was open.
  enum Doubt: Int, CaseIterable {
    case volatile, unanswered, failed, undecided

    var name: String {
      switch self {
      case .volatile: "acknowledged and not yet durable"
      case .unanswered: "never answered"
      case .failed: "answered as failed"
      case .undecided: "left open by an earlier crash"
      }
    }
  }

  /// Every kind.
  public static let all: [OutcomeKind] = {
    var kinds: [OutcomeKind] = []
    for doubt in Doubt.allCases {
      for effect in EffectKind.allCases {
        for crash in Contract.Crash.allCases {
          kinds.append(
            OutcomeKind(
              name: "\(effect.name), \(doubt.name), after a \(crash.rawValue)",
              position: UInt64(kinds.count)))
        }
      }
    }
    precondition(kinds.count <= 32, "two bits a kind fit into a word")
    return kinds
  }()

  static func of(_ doubt: Doubt, _ effect: EffectKind, _ crash: Contract.Crash) -> OutcomeKind {
    let effects = EffectKind.allCases
    let crashes = Contract.Crash.allCases
    guard let row = effects.firstIndex(of: effect), let column = crashes.firstIndex(of: crash)
    else { preconditionFailure("every case is among all cases") }
    return all[(doubt.rawValue * effects.count + row) * crashes.count + column]
  }

  /// The kind came out so that the effect was there.
  public var present: OutcomeSet { OutcomeSet(rawValue: 2 << (2 * position)) }

  /// The kind came out so that the effect was not there.
  public var absent: OutcomeSet { OutcomeSet(rawValue: 1 << (2 * position)) }
}

extension EffectKind {
  fileprivate var name: String {
    switch self {
    case .single: "put or delete"
    case .batch: "batch"
    case .transaction: "commit"
    case .clear: "clear"
    }
  }
}
