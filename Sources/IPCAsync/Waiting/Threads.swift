internal import CIPCAsync
internal import IPC
internal import Synchronization
internal import SystemPackage

enum Threads {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that blocks all signals except, if the thread is `interruptible`, the signal that ends its calls.
  ///
  /// Calls `pthread_create(3)`.
  static func start(interruptible: Bool, _ body: @escaping @Sendable () -> Void) throws(IPCError) {
    let body = unsafe Unmanaged.passRetained(Body(body))
    let result = unsafe cipc_async_start_thread(
      { argument in
        guard let argument = unsafe argument else { return }
        unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
      }, body.toOpaque(), interruptible ? 1 : 0)
    if result != 0 {
      unsafe body.release()
      throw IPCError(.pthreadCreate, Errno(rawValue: result))
    }
  }
}

/// Threads for calls that block in the kernel on an object without a descriptor.
///
/// Each waiting call needs a thread. The number of threads is not limited, because a limit could delay a call on which
/// the other calls depend. An idle thread waits for the next call, and exits after some time.
final class CallThreads: Sendable {
  static let shared = CallThreads()

  /// The time in seconds after which an idle thread exits.
  private static let idleTime = 10
  private let idle = Mutex<[CallThread]>([])
  private let running = Atomic<Int>(0)

  /// The number of threads, for tests.
  var count: Int { running.load(ordering: .relaxed) }

  /// Performs a job in a thread.
  func perform(_ job: @escaping CallThread.Job) throws(IPCError) {
    if let thread = idle.withLock({ $0.popLast() }) { return try thread.give(job) }
    let thread = try CallThread()
    try thread.give(job)
    running.add(1, ordering: .relaxed)
    do throws(IPCError) {
      try Threads.start(interruptible: true) { self.run(thread) }
    } catch {
      running.subtract(1, ordering: .relaxed)
      throw error
    }
  }

  private func run(_ thread: CallThread) {
    while perform(thread) || !retire(thread) {}
    running.subtract(1, ordering: .relaxed)
  }

  /// Waits for a job and performs it; returns false if no job arrived in time.
  private func perform(_ thread: CallThread) -> Bool {
    guard let report = thread.performJob(within: .seconds(Self.idleTime)) else { return false }
    // Report the result last, so that this thread is idle when the resumed task makes its next call.
    idle.withLock { $0.append(thread) }
    report()
    return true
  }

  /// Removes the thread from the idle list, and returns false if the thread has already received a job.
  private func retire(_ thread: CallThread) -> Bool {
    idle.withLock { idle in
      guard let index = idle.firstIndex(where: { $0 === thread }) else { return false }
      idle.remove(at: index)
      return true
    }
  }
}

/// A thread of ``CallThreads``, and its next job.
final class CallThread: Sendable {
  /// A function that makes a call, and returns a function that reports the result.
  ///
  /// The function must not retain the values that the call used, because the caller continues when the function runs.
  typealias Job = @Sendable () -> @Sendable () -> Void

  private let job = Mutex<Job?>(nil)
  private let arrivals: POSIXSemaphore

  init() throws(IPCError) {
    arrivals = try POSIXSemaphore.create(in: SharedRegion(size: POSIXSemaphore.size), at: 0, value: 0)
  }

  func give(_ job: @escaping Job) throws(IPCError) {
    self.job.withLock { $0 = job }
    try arrivals.post()
  }

  /// Waits for a job, and performs it.
  func performJob(within limit: Duration) -> (@Sendable () -> Void)? {
    do throws(IPCError) {
      try arrivals.wait(timeout: .after(limit))
    } catch {
      precondition(error.errno == .timedOut, "a thread of IPCAsync cannot wait: \(error)")
      return nil
    }
    return job.withLock { $0.take() }?()
  }
}
