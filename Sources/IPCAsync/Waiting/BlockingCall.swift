internal import CIPCAsync
internal import IPC
internal import Synchronization
internal import SystemPackage

/// A call that blocks in the kernel, in a thread of ``CallThreads``.
///
/// `SIGURG` ends the wait: by default, this signal has no effect, and programs use it only for urgent socket data. An
/// interrupted call either returns a result or has no effect, so no message is lost. If the signal arrives just before
/// the call begins, it does not interrupt the call. The event loop therefore resends the signal after 1 to 64 ms until
/// the call ends.
final class BlockingCall: Sendable {
  /// The reason that a call ends without a result.
  enum End {
    case cancelled
    case timedOut
  }

  private struct State {
    /// The thread that performs the call.
    var thread: Int32?
    var end: End?
    var isOver = false
    /// The ID of the event loop's wait for the next signal, or for the deadline.
    var scheduled: UInt64?
    /// The time in nanoseconds until the signal is resent.
    var pause: Int64 = 1_000_000
  }

  private static let longestPause: Int64 = 64_000_000
  private let eventLoop: EventLoop
  private let state = Mutex(State())

  init(_ eventLoop: EventLoop) { self.eventLoop = eventLoop }

  /// Ends the call at a given time, for calls that take no deadline.
  func setDeadline(_ timeout: Timeout) {
    schedule(at: timeout.monotonicNanoseconds)
  }

  /// Ends the call with a `CancellationError` unless it already has a result.
  func cancel() { interrupt(.cancelled) }

  /// Sends the signal; the event loop calls this at the deadline and when the signal must be resent.
  func deadlineHasPassed() { interrupt(.timedOut) }

  private func interrupt(_ end: End) {
    let next = state.withLock { state -> Int64? in
      if state.isOver { return nil }
      if state.end == nil { state.end = end }
      // A call that has not started yet checks `end` before it starts.
      guard let thread = state.thread else { return nil }
      cipc_async_interrupt(thread)
      defer { state.pause = min(state.pause * 2, Self.longestPause) }
      return MonotonicTime.now + state.pause
    }
    if let next { schedule(at: next) }
  }

  private func schedule(at deadline: Int64) {
    let number = eventLoop.schedule(self, at: deadline)
    let previous = state.withLock { state -> UInt64? in
      if state.isOver { return number }
      defer { state.scheduled = number }
      return state.scheduled
    }
    if let previous { eventLoop.unschedule(previous) }
  }

  /// Retries `body` while signals interrupt it, unless there is a reason to end the call.
  ///
  /// - Returns: The result of `body`; nil if the call ended without one.
  func perform<Value>(_ body: () throws(IPCError) -> Value) throws(IPCError) -> Value? {
    state.withLock { $0.thread = cipc_async_thread() }
    defer { finish() }
    while end == nil {
      do throws(IPCError) {
        return try body()
      } catch {
        if error.errno != .interrupted { throw error }
      }
    }
    return nil
  }

  /// The reason that the call ends; nil if it continues.
  var end: End? { state.withLock(\.end) }

  private func finish() {
    let scheduled = state.withLock { state -> UInt64? in
      state.isOver = true
      return state.scheduled.take()
    }
    if let scheduled { eventLoop.unschedule(scheduled) }
  }
}
