internal import AllocationCount
internal import IPC
internal import IPCAsync

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// How the two sides of a conversation wait.
enum Variant: String, CaseIterable {
  case threads = "two threads"
  case poolAndThread = "task and thread"
  case executorAndThread = "executor and thread"
  case pool = "two tasks"
  case executor = "two on executor"

  /// Returns the duration of `rounds` round trips.
  func measure<S: Side & ~Copyable>(_ side: S.Type, _ rounds: Int) async throws -> Duration {
    let (first, second) = try S.connect()
    let executor: EventLoopExecutor? =
      self == .executor || self == .executorAndThread ? try EventLoopExecutor.shared() : nil
    switch self {
    case .threads:
      let answering = try BlockingThread { try answer(S(second), rounds) }
      let time = try ask(S(first), rounds)
      try answering.join()
      return time
    case .poolAndThread, .executorAndThread:
      let answering = try BlockingThread { try answer(S(second), rounds) }
      let time = try await Task(executorPreference: executor) { @concurrent in
        try await askInTask(S(first), rounds)
      }.value
      try answering.join()
      return time
    case .pool, .executor:
      let answering = Task(executorPreference: executor) { @concurrent in
        try await answerInTask(S(second), rounds)
      }
      let time = try await Task(executorPreference: executor) { @concurrent in
        try await askInTask(S(first), rounds)
      }.value
      try await answering.value
      return time
    }
  }
}

private func answer<S: Side & ~Copyable>(_ side: consuming S, _ rounds: Int) throws {
  var bytes: [UInt8] = []
  for _ in 0..<rounds {
    try side.receive(into: &bytes)
    try side.send()
  }
}

private func ask<S: Side & ~Copyable>(_ side: consuming S, _ rounds: Int) throws -> Duration {
  var bytes: [UInt8] = []
  let start = ContinuousClock.now
  for _ in 0..<rounds {
    try side.send()
    try side.receive(into: &bytes)
  }
  return ContinuousClock.now - start
}

private func answerInTask<S: Side & ~Copyable>(_ side: consuming S, _ rounds: Int) async throws {
  var bytes: [UInt8] = []
  for _ in 0..<rounds {
    try await side.receiveInTask(into: &bytes)
    try await side.sendInTask()
  }
}

private func askInTask<S: Side & ~Copyable>(_ side: consuming S, _ rounds: Int) async throws -> Duration {
  var bytes: [UInt8] = []
  let start = ContinuousClock.now
  for _ in 0..<rounds {
    try await side.sendInTask()
    try await side.receiveInTask(into: &bytes)
  }
  return ContinuousClock.now - start
}

/// Returns the number of allocations in 1000 round trips between two tasks, including the allocations in the event
/// loop's thread.
func countAllocations<S: Side & ~Copyable>(_ side: S.Type) async throws -> Int {
  let (first, second) = try S.connect()
  let executor = try EventLoopExecutor.shared()
  let answering = Task(executorPreference: executor) { @concurrent in
    try await answerInTask(S(second), 1100)
  }
  let count = try await Task(executorPreference: executor) { @concurrent in
    let side = try S(first)
    var bytes: [UInt8] = []
    var start = 0
    for round in 0..<1100 {
      if round == 100 { start = allocation_count() }
      try await side.sendInTask()
      try await side.receiveInTask(into: &bytes)
    }
    return allocation_count() - start
  }.value
  try await answering.value
  return count
}

/// A thread that runs one function.
final class BlockingThread {
  private var thread = pthread_t()
  private let work: Work

  /// The function, and the error that it has thrown.
  private final class Work {
    let run: () throws -> Void
    /// The error; the thread sets it before it ends, and `join()` reads it afterwards.
    var failure: (any Error)?
    init(_ run: @escaping () throws -> Void) { self.run = run }
  }

  init(_ body: @escaping () throws -> Void) throws {
    work = Work(body)
    let argument = unsafe Unmanaged.passRetained(work).toOpaque()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        do { try work.run() } catch { work.failure = error }
        return nil
      }, argument)
    guard result == 0 else {
      unsafe Unmanaged<Work>.fromOpaque(argument).release()
      throw ThreadError(code: result)
    }
  }

  /// Waits for the thread, and throws the function's error.
  func join() throws {
    _ = pthread_join(thread, nil)
    if let failure = work.failure { throw failure }
  }
}

/// The error of pthread_create(3).
struct ThreadError: Error, CustomStringConvertible {
  let code: Int32
  var description: String { "pthread_create failed with errno \(code)" }
}
