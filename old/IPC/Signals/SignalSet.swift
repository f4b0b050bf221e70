internal import CIPC
internal import Glibc

/// A set of signals.
///
/// ```swift
/// let jobs: SignalSet = [.user1, .terminate]
/// try jobs.whileBlocked {
///   while case .received(let signal) = try jobs.wait() { perform(signal.value) }
/// }
/// ```
///
/// `sigsetops(3)`.
public struct SignalSet: Hashable, Sendable {
  /// Bit n - 1 is signal n.
  let word: UInt64

  init(word: UInt64) { self.word = word }

  public init(_ signals: some Sequence<Signal>) {
    word = signals.reduce(0) { $0 | 1 << UInt64($1.rawValue - 1) }
  }

  public func contains(_ signal: Signal) -> Bool { word & 1 << UInt64(signal.rawValue - 1) != 0 }

  public var isEmpty: Bool { word == 0 }

  /// The signals of the set, by their numbers.
  public var signals: [Signal] { (1...64).compactMap(Signal.init(rawValue:)).filter(contains) }
}

extension SignalSet: ExpressibleByArrayLiteral {
  public init(arrayLiteral signals: Signal...) { self.init(signals) }
}

extension SignalSet: CustomStringConvertible {
  public var description: String { signals.map(\.description).joined(separator: ", ") }
}
