import Foundation

/// Runs a body that may block in a separate thread.
///
/// The cooperative pool has as many threads as the machine has cores: a few blocked ones would stop all other tests.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Result(catching: body)) }.start()
  }
}

/// Yields the processor until `condition` is true, for states that only the kernel knows, such as a sleeping thread.
func until(_ condition: () throws -> Bool) rethrows {
  while try !condition() { sched_yield() }
}

/// Yields to other tasks until `condition` holds.
func eventually(_ condition: () throws -> Bool) async rethrows {
  while try !condition() { await Task.yield() }
}

/// Runs `body` in a thread while another thread runs `other` repeatedly.
func racing<Value: Sendable>(
  _ other: @escaping @Sendable () -> Void, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  let thread = Thread { while !Thread.current.isCancelled { other() } }
  thread.start()
  defer { thread.cancel() }
  return try await onThread(body)
}
