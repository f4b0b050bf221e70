public import IPC
internal import Synchronization
internal import SystemPackage

/// An executor that runs tasks in the thread that waits for their descriptors.
///
/// A task that the default executor runs is woken in two steps: the thread of the event loop wakes a thread of the
/// cooperative pool. A task of this executor is woken in one, like a thread in a blocking call.
///
/// ```swift
/// let executor = try EventLoopExecutor.shared()
/// try await withTaskExecutorPreference(executor) {
///   while let packet = try await socket.receive(into: &buffer) { ... }
/// }
/// ```
///
/// The thread runs one task at a time, so this suits short answers to many messages. A task that calculates for long,
/// or blocks, delays all other tasks of this executor; it does not delay those of the default executor.
public final class EventLoopExecutor: TaskExecutor {
  private static let instance = Mutex<EventLoopExecutor?>(nil)
  private let loop: EventLoop

  init() throws(IPCError) {
    loop = try EventLoop()
    try loop.start(for: self)
  }

  /// Returns the executor of this process, whose thread starts with the first call.
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

  /// Runs a job of a task in the thread.
  public func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(UnownedJob(job)) }
}

/// Jobs that wait for the thread of an event loop.
final class JobQueue: Sendable {
  private struct State {
    var waiting: [UnownedJob] = []
    /// The array that the thread has run, to be used again.
    var spare: [UnownedJob] = []
    /// Whether the thread sleeps, or is about to, and has to be woken.
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
      // The report is for an edge, so the counter need not be read. It has room for centuries.
      try wakeUp.write(1)
    } catch {
      preconditionFailure("the event loop of IPCAsync cannot be woken: \(error)")
    }
  }

  /// Returns whether the thread may sleep, because there is no job.
  func prepareToWait() -> Bool {
    state.withLock { state in
      state.isAsleep = state.waiting.isEmpty
      return state.isAsleep
    }
  }

  /// Records that the thread does not sleep, so that a job that it adds itself does not wake it.
  func hasWoken() { state.withLock { $0.isAsleep = false } }

  /// Runs the jobs that wait now.
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
