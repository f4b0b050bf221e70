import Foundation

/// Runs what may block in a thread of its own: on the cooperative pool, which is as wide as the machine, a few of those
/// would stop every other test.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Result(catching: body)) }.start()
  }
}

/// Gives way to others until `condition` holds: for what only the kernel knows, such as that somebody sleeps.
func until(_ condition: () throws -> Bool) rethrows {
  while try !condition() { sched_yield() }
}

/// The same, where those others may be tasks that have yet to be given a thread.
func eventually(_ condition: () throws -> Bool) async rethrows {
  while try !condition() { await Task.yield() }
}
