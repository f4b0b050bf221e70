internal import CIPC
internal import Synchronization
package import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The functions that make all system calls: nothing else in this module reads `errno`.
package enum Syscall {
  /// Performs a call that returns -1 when it fails, for callers that handle some errors themselves.
  ///
  /// With `retryOnInterrupt`, the result is never `.interrupted`.
  @inline(__always)
  package static func result<Value: FixedWidthInteger>(
    retryOnInterrupt: Bool = true, _ body: () -> Value
  ) -> Result<Value, Errno> {
    while true {
      let value = body()
      if value != -1 { return .success(value) }
      let reason = Errno(rawValue: errno)
      if reason != .interrupted || !retryOnInterrupt { return .failure(reason) }
    }
  }

  /// Performs a call that returns -1 when it fails, and throws its error.
  @discardableResult @inline(__always)
  package static func call<Value: FixedWidthInteger>(
    _ name: IPCError.Call, on object: @autoclosure () -> IPCError.Object? = nil, retryOnInterrupt: Bool = true,
    _ body: () -> Value
  ) throws(IPCError) -> Value {
    switch result(retryOnInterrupt: retryOnInterrupt, body) {
    case .success(let value): return value
    case .failure(let reason): throw IPCError(name, reason, on: object())
    }
  }

  /// Performs a call that returns an error number, as pthread functions do.
  @inline(__always)
  package static func pthread(_ name: IPCError.Call, _ body: () -> Int32) throws(IPCError) {
    let code = body()
    if code != 0 { throw IPCError(name, Errno(rawValue: code)) }
  }

  /// The error from the last failed call, for performance-critical code that checks results itself.
  @inline(__always) static var lastError: Errno { Errno(rawValue: errno) }
}

extension Syscall {
  /// Waits until `descriptor` is ready for one of `events`.
  ///
  /// - Returns: The events that the descriptor is ready for; empty only after a timeout.
  package static func wait(
    for events: Readiness, of descriptor: Int32, until timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Readiness {
    var entry = cipc_pollfd(descriptor: descriptor, events: events.rawValue, revents: 0)
    let count = try wait(
      .ppoll, on: .descriptor(FileDescriptor(rawValue: descriptor)), timeout, retryOnInterrupt: retryOnInterrupt
    ) { unsafe cipc_ppoll(&entry, 1, $0) }
    return count == 0 ? [] : Readiness(rawValue: entry.revents)
  }

  /// Performs a call that waits until a descriptor is ready; `body` takes a timeout in nanoseconds, or -1 for no limit.
  ///
  /// - Returns: The number of ready objects; 0 only after a timeout.
  package static func wait(
    _ name: IPCError.Call, on object: @autoclosure () -> IPCError.Object?, _ timeout: Timeout, retryOnInterrupt: Bool,
    _ body: (Int64) -> Int32
  ) throws(IPCError) -> Int {
    while true {
      let nanoseconds = timeout.nanoseconds ?? 0
      // Retry in this loop, not in `result`, so that the next attempt waits only for the remaining time.
      switch result(retryOnInterrupt: false, { body(nanoseconds) }) {
      case .success(0): if nanoseconds == 0 { return 0 }
      case .success(let count): return Int(count)
      case .failure(.interrupted) where retryOnInterrupt: continue
      case .failure(let reason): throw IPCError(name, reason, on: object())
      }
    }
  }

  /// Repeats a nonblocking call while it fails with `EAGAIN`, and waits for readiness between attempts.
  @inline(__always)
  package static func untilReady<Value: FixedWidthInteger>(
    _ name: IPCError.Call, _ descriptor: FileDescriptor, _ events: Readiness, _ timeout: Timeout,
    on object: @autoclosure () -> IPCError.Object? = nil, retryOnInterrupt: Bool,
    _ body: () throws(IPCError) -> Result<Value, Errno>
  ) throws(IPCError) -> Value {
    while true {
      switch try body() {
      case .success(let value): return value
      case .failure(.wouldBlock):
        try waitOrThrow(name, descriptor, events, timeout, on: object(), retryOnInterrupt: retryOnInterrupt)
      case .failure(let reason): throw IPCError(name, reason, on: object() ?? .descriptor(descriptor))
      }
    }
  }

  /// Waits for readiness; throws after a timeout.
  ///
  /// The error from a nonblocking call contains only the descriptor, because looking up an address takes longer than
  /// the call itself.
  @inline(never)
  package static func waitOrThrow(
    _ name: IPCError.Call, _ descriptor: FileDescriptor, _ events: Readiness, _ timeout: Timeout,
    on object: @autoclosure () -> IPCError.Object? = nil, retryOnInterrupt: Bool
  ) throws(IPCError) {
    if timeout.isImmediate { throw IPCError(name, .wouldBlock, on: .descriptor(descriptor)) }
    guard try !wait(for: events, of: descriptor.rawValue, until: timeout, retryOnInterrupt: retryOnInterrupt).isEmpty
    else { throw IPCError(name, timeout.expirationError, on: object() ?? .descriptor(descriptor)) }
  }
}

/// Runs a call with ``Timeout/immediate``, and returns nil if the call would block.
@inline(__always)
package func nilIfWouldBlock<Value: ~Copyable>(
  _ body: () throws(IPCError) -> Value
) throws(IPCError) -> Value? {
  do throws(IPCError) {
    return try body()
  } catch  where error.errno == .wouldBlock && error.transferred == 0 {
    return nil
  }
}

/// Futex operations on a word in shared memory.
enum Futex {
  enum Outcome {
    /// The word has changed, or the thread was woken, possibly spuriously. The caller must check the word again.
    case woken
    case timedOut
  }

  /// Sleeps while `word` is `value`, for at most `nanoseconds`; a negative value means no limit.
  ///
  /// Calls `futex(2)` with `FUTEX_WAIT`.
  static func wait(
    while word: UnsafePointer<Atomic<UInt32>>, is value: UInt32, nanoseconds: Int64, retryOnInterrupt: Bool
  ) throws(IPCError) -> Outcome {
    // The caller retries, because it must check the word again and wait only for the remaining time.
    switch Syscall.result(retryOnInterrupt: false, { unsafe cipc_futex_wait(word, value, nanoseconds) }) {
    case .success, .failure(.wouldBlock): return .woken
    case .failure(.timedOut): return .timedOut
    case .failure(.interrupted) where retryOnInterrupt: return .woken
    case .failure(let reason): throw IPCError(.futex, reason)
    }
  }

  /// Wakes up to `count` threads that sleep on `word`.
  ///
  /// Calls `futex(2)` with `FUTEX_WAKE`, which does not fail for a mapped word.
  static func wake(_ word: UnsafePointer<Atomic<UInt32>>, _ count: Int32) {
    _ = unsafe cipc_futex_wake(word, count)
  }
}

extension Result where Failure == Errno {
  /// Whether the call failed with an error.
  ///
  /// Comparing results with `==` would look up generic metadata at run time, which takes longer than some system calls.
  func failed(with reason: Errno) -> Bool {
    if case .failure(reason) = self { true } else { false }
  }
}

/// Prevents a call that raises a signal from killing the process, for calls that have no flag to suppress the signal.
///
/// The signal's disposition belongs to the whole process, so it is left unchanged. This thread blocks the signal during
/// the call, and then consumes a signal raised by the call.
enum ThreadSignal {
  /// Performs `body` with `signal` blocked, and leaves `errno` as `body` set it.
  ///
  /// `raised` takes the result of `body`, and returns whether the call raised the signal.
  static func contained<Value>(_ signal: Int32, _ body: () -> Value, raised: (Value) -> Bool) -> Value {
    var signals = sigset_t()
    var before = sigset_t()
    // These calls cannot fail: the signal number and the pointers are valid.
    _ = unsafe sigemptyset(&signals)
    _ = unsafe sigaddset(&signals, signal)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    // If the signal was already pending, leave it for the program. Only a blocked signal can be pending.
    let wasPending = unsafe sigismember(&before, signal) == 1 && isPending(signal)
    let value = body()
    let reason = errno
    if raised(value), !wasPending {
      var immediately = timespec()
      // If another signal interrupts sigtimedwait(2), the raised signal is still pending.
      while unsafe sigtimedwait(&signals, nil, &immediately) == -1 && errno == EINTR {}
    }
    _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = reason
    return value
  }

  private static func isPending(_ signal: Int32) -> Bool {
    var pending = sigset_t()
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, signal) == 1
  }
}
