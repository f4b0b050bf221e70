internal import IPC
internal import SystemPackage

/// How a thread's blocking call ends at its deadline.
enum CallDeadline {
  /// The call takes a deadline.
  case passed
  /// The call takes a deadline, but a signal does not always interrupt the call, so each attempt waits for at most one
  /// second.
  case sliced
  /// The call takes no deadline, so a signal ends it.
  case signalled
}

/// Performs a call in a thread of ``CallThreads`` if the call would block.
///
/// `call` takes a timeout, and must throw `.interrupted` after a signal.
///
/// - Throws: `CancellationError`; any error from the call.
func inThread<Value: Sendable>(
  isolation: isolated (any Actor)? = #isolation, _ timeout: Timeout, _ deadline: CallDeadline = .passed,
  _ call: (Timeout) throws(IPCError) -> Value
) async throws -> Value {
  try await takeTurn()
  let failure: IPCError
  do throws(IPCError) {
    return try call(.immediate)
  } catch {
    guard error.errno == .wouldBlock, !timeout.isImmediate else { throw error }
    failure = error
  }
  let waiting = BlockingCall(try EventLoop.current)
  let result = await withTaskCancellationHandler {
    await withoutActuallyEscaping(call) { call in
      // If the closure did not capture this value, it would run in a different isolation domain.
      _ = isolation
      let threadCall = ThreadCall(waiting, timeout, deadline, call)
      return await unsafe withUnsafeContinuation { unsafe threadCall.start($0) }
    }
  } onCancel: {
    waiting.cancel()
  }
  // Reading this property acquires a lock, so the code below sees all changes that the thread made.
  let end = waiting.end
  if let value = try result.get() { return value }
  if end == .cancelled { throw CancellationError() }
  throw IPCError(failure.call, .timedOut, on: failure.object)
}

/// A call made for a task that is suspended until the call ends.
///
/// The suspension lets the thread use values that the task has borrowed.
private struct ThreadCall<Value: Sendable>: @unchecked Sendable {
  private let waiting: BlockingCall
  private let timeout: Timeout
  private let deadline: CallDeadline
  private let call: (Timeout) throws(IPCError) -> Value

  init(
    _ waiting: BlockingCall, _ timeout: Timeout, _ deadline: CallDeadline,
    _ call: @escaping (Timeout) throws(IPCError) -> Value
  ) {
    self.waiting = waiting
    self.timeout = timeout
    self.deadline = deadline
    self.call = call
  }

  /// Performs the call in a thread, and resumes the task with the result, or nil if the call ended without one.
  func start(_ continuation: UnsafeContinuation<Result<Value?, IPCError>, Never>) {
    if deadline == .signalled, timeout.isDeadline { waiting.setDeadline(timeout) }
    do throws(IPCError) {
      try CallThreads.shared.perform {
        let result = Result { () throws(IPCError) in try perform() }
        return { unsafe continuation.resume(returning: result) }
      }
    } catch {
      unsafe continuation.resume(returning: .failure(error))
    }
  }

  private func perform() throws(IPCError) -> Value? {
    try waiting.perform { () throws(IPCError) in
      do throws(IPCError) {
        return try call(limit)
      } catch {
        // An attempt ends after one second; unless the call was cancelled, make another attempt.
        guard deadline == .sliced, error.errno == .timedOut, !timeout.hasPassed else { throw error }
        throw IPCError(error.call, .interrupted, on: error.object)
      }
    }
  }

  /// The next attempt's timeout.
  private var limit: Timeout {
    // Always pass a deadline: with SA_RESTART, a signal handler does not interrupt a call without a deadline.
    let end = min(timeout.monotonicNanoseconds, .max - 1)
    return switch deadline {
    case .passed: Timeout(monotonicNanoseconds: end)
    case .sliced: Timeout(monotonicNanoseconds: min(end, MonotonicTime.now + 1_000_000_000))
    case .signalled: .never
    }
  }
}
