internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A set of signals.
///
/// ```swift
/// let jobs: SignalSet = [.firstRealTime, .terminate]
/// try jobs.whileBlocked {
///   while true {
///     let received = try jobs.wait()
///     if received.signal == .terminate { break }
///     print("job \(received.value)")
///   }
/// }
/// ```
///
/// `sigsetops(3)`.
public struct SignalSet: Hashable, Sendable {
  /// The set as bits: bit n - 1 is signal n.
  let word: UInt64

  init(word: UInt64) { self.word = word }

  /// Creates a set of these signals, in any order.
  public init(_ signals: some Sequence<Signal>) {
    word = signals.reduce(0) { $0 | 1 << UInt64($1.rawValue - 1) }
  }

  /// Returns whether the set contains the signal.
  public func contains(_ signal: Signal) -> Bool { word & 1 << UInt64(signal.rawValue - 1) != 0 }

  /// Whether the set has no signals.
  public var isEmpty: Bool { word == 0 }

  /// The signals in the set, in ascending order of their numbers.
  public var signals: [Signal] { (1...64).compactMap(Signal.init(rawValue:)).filter(contains) }
}

extension SignalSet: ExpressibleByArrayLiteral {
  /// Creates a set of these signals, in any order.
  public init(arrayLiteral signals: Signal...) { self.init(signals) }
}

extension SignalSet: CustomStringConvertible {
  /// The names of the signals, in ascending order of their numbers, separated by commas.
  public var description: String { signals.map(\.description).joined(separator: ", ") }
}

/// A blocked signal stays pending for the thread or the process until it is unblocked or received. Each thread has its
/// own mask, which is initially a copy of its creator's mask. A program should therefore block signals before it
/// creates threads.
extension SignalSet {
  /// The signals that this thread blocks.
  ///
  /// Calls `pthread_sigmask(3)`.
  public static var blocked: SignalSet { changeMask(SIG_BLOCK, []) }

  /// The blocked signals that are pending for this thread or process.
  ///
  /// Calls `sigpending(2)`.
  public static var pending: SignalSet {
    var word: UInt64 = 0
    // sigpending(2) fails only for an invalid address.
    _ = unsafe cipc_sigpending(&word)
    return SignalSet(word: word)
  }

  /// Blocks these signals in this thread, in addition to those that are already blocked.
  ///
  /// `SIGKILL` and `SIGSTOP` cannot be blocked.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_BLOCK`.
  public func block() { _ = Self.changeMask(SIG_BLOCK, self) }

  /// Unblocks these signals in this thread.
  ///
  /// If any of them are pending, at least one is delivered before the function returns.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_UNBLOCK`.
  public func unblock() { _ = Self.changeMask(SIG_UNBLOCK, self) }

  /// Blocks exactly these signals in this thread, and unblocks all others.
  ///
  /// If any newly unblocked signals are pending, at least one is delivered before the function returns.
  ///
  /// - Returns: The signals that the thread blocked previously.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_SETMASK`.
  @discardableResult
  public func replaceMask() -> SignalSet { Self.changeMask(SIG_SETMASK, self) }

  /// Blocks these signals in this thread while `body` runs.
  ///
  /// Afterwards, the method restores the previous mask, and pending signals that `body` did not receive are delivered.
  ///
  /// Calls `pthread_sigmask(3)` with `SIG_BLOCK`, and with `SIG_SETMASK`.
  public func whileBlocked<Value: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let before = Self.changeMask(SIG_BLOCK, self)
    defer { _ = Self.changeMask(SIG_SETMASK, before) }
    return try body()
  }

  /// Changes this thread's mask, and returns the previous mask.
  ///
  /// The call fails only for an invalid `how`.
  private static func changeMask(_ how: Int32, _ signals: SignalSet) -> SignalSet {
    var before: UInt64 = 0
    _ = unsafe cipc_sigmask(how, signals.word, &before)
    return SignalSet(word: before)
  }
}

extension SignalSet {
  /// Waits until a signal in the set is pending, and receives the one with the lowest number.
  ///
  /// Handlers do not run. All threads must block the signals: otherwise, the kernel delivers a signal to a thread that
  /// does not block it.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a handler for another signal ran.
  ///
  /// Calls `sigtimedwait(2)` or `sigwaitinfo(2)`.
  public func wait(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> ReceivedSignal {
    var information = cipc_signal_information()
    while true {
      // A handler interrupts these calls even with SA_RESTART. A repeated call waits only for the remaining time.
      let nanoseconds = timeout.nanoseconds ?? 0
      if unsafe cipc_sigtimedwait(word, nanoseconds, &information) != -1 { return ReceivedSignal(information) }
      switch Syscall.lastError {
      case .interrupted where retryOnInterrupt: continue
      case .wouldBlock: if nanoseconds == 0 { throw IPCError(.sigtimedwait, timeout.expirationError) }
      case let reason: throw IPCError(.sigtimedwait, reason)
      }
    }
  }

  /// Receives the pending signal with the lowest number in the set, without waiting.
  ///
  /// - Returns: The signal; nil if no signal in the set is pending.
  public func tryWait() throws(IPCError) -> ReceivedSignal? {
    try nilIfWouldBlock { () throws(IPCError) in try wait(timeout: .immediate) }
  }
}
