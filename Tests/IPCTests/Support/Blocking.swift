import Foundation
import Testing

/// Runs `body`, which may block, in a separate thread.
///
/// The cooperative pool has only as many threads as the machine has cores, so a few blocked threads would stop all
/// other tests.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Result(catching: body)) }.start()
  }
}

/// Yields the processor until `condition` is true, for conditions that no system call waits for, such as a sleeping
/// thread.
func until(_ condition: () throws -> Bool) rethrows {
  while try !condition() { sched_yield() }
}

/// Yields to other tasks until `condition` is true.
func eventually(_ condition: () throws -> Bool) async rethrows {
  while try !condition() { await Task.yield() }
}

/// Runs `body` in a separate thread, and returns whether it ends; if it does not, its thread remains.
///
/// Call this in ``onThread(_:)``.
func ends(_ body: @escaping @Sendable () throws -> Void) -> Bool {
  let ended = DispatchSemaphore(value: 0)
  Thread {
    #expect(throws: Never.self) { try body() }
    ended.signal()
  }.start()
  return ended.wait(timeout: .now() + 20) == .success
}

/// Checks that `body` ends, like ``ends(_:)``.
func expectEnd(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: @escaping @Sendable () throws -> Void
) {
  let hasEnded = ends(body)
  #expect(hasEnded, sourceLocation: sourceLocation)
}

/// Runs `body` while another thread runs `other` repeatedly, and returns when both have finished.
///
/// If this function returned earlier, the other thread could still create an object after the test has removed it.
func whileRacing<Value>(_ other: @escaping @Sendable () -> Void, _ body: () throws -> Value) rethrows -> Value {
  let ended = DispatchSemaphore(value: 0)
  let thread = Thread {
    while !Thread.current.isCancelled { other() }
    ended.signal()
  }
  thread.start()
  defer {
    thread.cancel()
    ended.wait()
  }
  return try body()
}

/// The asynchronous variant, for a body that may block.
func racing<Value: Sendable>(
  _ other: @escaping @Sendable () -> Void, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await onThread { try whileRacing(other, body) }
}
