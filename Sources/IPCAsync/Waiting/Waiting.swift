internal import CIPCAsync
internal import IPC
internal import SystemPackage

/// Yields to other tasks on every 64th call, and throws if the task is cancelled.
///
/// A call that does not need to wait does not suspend. Without this function, a task whose calls always find a message
/// would monopolize its thread or actor.
func takeTurn() async throws {
  if cipc_async_is_turn_over() != 0 { await Task.yield() }
  try Task.checkCancellation()
}

/// Retries a nonblocking call while it throws `.wouldBlock`, waiting for readiness between attempts.
///
/// Only an attempt can consume a message, and cancellation does not interrupt an attempt. Therefore, a message is
/// either returned or stays in its queue.
///
/// - Throws: `CancellationError`; any error from the call; ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``,
///   `.wouldBlock`.
func untilReady<Value: ~Copyable>(
  _ descriptor: FileDescriptor, _ events: Readiness, _ timeout: Timeout, _ attempt: () throws(IPCError) -> Value
) async throws -> Value {
  try await takeTurn()
  while true {
    let failure: IPCError
    do throws(IPCError) {
      return try attempt()
    } catch {
      guard error.errno == .wouldBlock, !timeout.isImmediate else { throw error }
      failure = error
    }
    switch try await EventLoop.current.wait(for: events, of: descriptor.rawValue, until: timeout) {
    case .ready: continue
    case .timedOut: throw failure.expired(descriptor)
    case .cancelled: throw CancellationError()
    case .failed(let error): throw error
    }
  }
}

extension IPCError {
  /// Returns the error for a call that would block after its timeout has expired.
  func expired(_ descriptor: FileDescriptor) -> IPCError {
    let isUnspecific = object == nil || object == .descriptor(descriptor)
    return IPCError(
      call, .timedOut, on: isUnspecific ? .socket(descriptor) : object, transferred: transferred)
  }
}

/// Retries a nonblocking call after pauses of 0.1 to 10 ms, for objects whose readiness the kernel does not report.
///
/// - Throws: `CancellationError`; any error from the call except `reason`, which means that the call would block;
///   ``IPCError`` with `.timedOut`.
func repeatedly<Value: ~Copyable>(
  _ timeout: Timeout, while reason: Errno = .wouldBlock, _ attempt: () throws(IPCError) -> Value
) async throws -> Value {
  try await takeTurn()
  var pause: Int64 = 100_000
  while true {
    let failure: IPCError
    do throws(IPCError) {
      return try attempt()
    } catch {
      guard error.errno == reason, !timeout.isImmediate else { throw error }
      failure = error
    }
    if timeout.hasPassed { throw IPCError(failure.call, .timedOut, on: failure.object) }
    let end = min(MonotonicTime.now + pause, timeout.monotonicNanoseconds)
    pause = min(pause * 2, 10_000_000)
    switch try await EventLoop.current.wait(for: [], of: -1, until: Timeout(monotonicNanoseconds: end)) {
    case .ready, .timedOut: continue
    case .cancelled: throw CancellationError()
    case .failed(let error): throw error
    }
  }
}
