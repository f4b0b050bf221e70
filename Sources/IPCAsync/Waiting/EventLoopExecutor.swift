public import IPC
internal import Synchronization
internal import SystemPackage

/// An executor that runs tasks in the thread that waits for their descriptors.
///
/// Waking a task on the default executor takes two steps: the kernel wakes the event loop's thread, which wakes a
/// thread in the cooperative pool. On this executor, it takes one step, like waking a thread in a blocking call.
///
/// ```swift
/// let executor = try EventLoopExecutor.shared()
/// try await withTaskExecutorPreference(executor) {
///   while let packet = try await socket.receive(into: &buffer) { ... }
/// }
/// ```
///
/// The thread runs one task at a time, so this executor is suitable for short replies to many messages. A long
/// calculation or a blocking call in a task delays all other tasks on this executor, but not those on the default
/// executor.
public final class EventLoopExecutor: TaskExecutor {
  private static let instance = Mutex<EventLoopExecutor?>(nil)
  private let loop: EventLoop

  init() throws(IPCError) {
    loop = try EventLoop()
    try loop.start(for: self)
  }

  /// Returns the process's executor; the first call starts its thread.
  ///
  /// - Throws: `IPCError` with `.tooManyOpenFiles` or `.resourceTemporarilyUnavailable`.
  ///
  /// Calls `epoll_create1(2)`, `timerfd_create(2)`, `eventfd(2)` and `pthread_create(3)`.
  public static func shared() throws(IPCError) -> EventLoopExecutor {
    try instance.withLock { (instance) throws(IPCError) in
      if let instance { return instance }
      let created = try EventLoopExecutor()
      instance = created
      return created
    }
  }

  /// Runs a task's job in the thread.
  public func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(UnownedJob(job)) }
}

/// Jobs waiting for an event loop's thread.
final class JobQueue: Sendable {
  private struct State {
    var waiting: [UnownedJob] = []
    /// An array whose jobs have run, kept for reuse.
    var spare: [UnownedJob] = []
    /// Whether the thread is asleep or about to sleep, and must be woken.
    var isAsleep = false
  }

  private let state = Mutex(State())
  private let wakeUp: EventFD

  init() throws(IPCError) { wakeUp = try EventFD() }

  var descriptor: FileDescriptor { wakeUp.descriptor }

  func append(_ job: UnownedJob) {
    let mustWake = state.withLock { state in
      state.waiting.append(job)
      defer { state.isAsleep = false }
      return state.isAsleep
    }
    guard mustWake else { return }
    do throws(IPCError) {
      // The epoll entry is edge-triggered, so the thread need not read the counter, which takes centuries to overflow.
      try wakeUp.write(1)
    } catch {
      preconditionFailure("the event loop of IPCAsync cannot be woken: \(error)")
    }
  }

  /// Returns whether the thread may sleep, which is true if there are no jobs.
  func prepareToWait() -> Bool {
    state.withLock { state in
      state.isAsleep = state.waiting.isEmpty
      return state.isAsleep
    }
  }

  /// Records that the thread is awake, so that jobs that the thread itself adds do not wake it again.
  func hasWoken() { state.withLock { $0.isAsleep = false } }

  /// Runs the jobs that are currently waiting.
  func run(on executor: EventLoopExecutor) {
    var jobs = state.withLock { state in
      var jobs: [UnownedJob] = []
      if state.waiting.isEmpty { return jobs }
      swap(&jobs, &state.waiting)
      swap(&state.waiting, &state.spare)
      return jobs
    }
    if jobs.isEmpty { return }
    for index in jobs.indices { unsafe jobs[index].runSynchronously(on: executor.asUnownedTaskExecutor()) }
    jobs.removeAll(keepingCapacity: true)
    state.withLock { [jobs] in $0.spare = jobs }
  }
}
