internal import CIPCAsync
internal import IPC
internal import Synchronization
internal import SystemPackage

/// The outcome of a wait.
enum WaitOutcome: Sendable {
  case ready(Readiness)
  case timedOut
  case cancelled
  /// The kernel cannot watch the descriptor.
  case failed(IPCError)
}

/// A thread that waits in `epoll_pwait2(2)` for all tasks' descriptors and deadlines.
///
/// A waiting task registers its descriptor for one event (`EPOLLONESHOT`). The epoll entry then stays disabled in the
/// kernel, so the next wait can re-arm it with one system call. The kernel removes the entry when the descriptor is
/// closed. An event can arrive late, or refer to an earlier file with the same descriptor number. Such an event only
/// wakes a task too early, and each task retries its call when it wakes.
final class EventLoop: Sendable {
  private struct State {
    var table = WaitTable()
    /// The expiration time of ``timer``; `.max` if the timer is not set.
    var timerDeadline = Int64.max
  }

  private static let timerToken = UInt64.max
  private static let jobsToken = UInt64.max - 1
  private static let instance = Mutex<EventLoop?>(nil)
  private static let numbers = Atomic<UInt64>(0)

  private let epoll: Epoll
  private let timer: TimerFD
  private let state = Mutex(State())
  private let jobs: JobQueue

  /// The current thread's event loop if the thread is one that runs tasks; otherwise, the process's event loop, which
  /// is created on first use.
  static var current: EventLoop {
    get throws(IPCError) {
      if let loop = unsafe cipc_async_loop() {
        return unsafe Unmanaged<EventLoop>.fromOpaque(loop).takeUnretainedValue()
      }
      return try instance.withLock { (instance) throws(IPCError) in
        if let instance { return instance }
        let created = try EventLoop()
        try created.start()
        instance = created
        return created
      }
    }
  }

  init() throws(IPCError) {
    epoll = try Epoll()
    timer = try TimerFD()
    jobs = try JobQueue()
    try epoll.add(timer.descriptor, for: .readable, token: Self.timerToken, trigger: .edge)
    try epoll.add(jobs.descriptor, for: .readable, token: Self.jobsToken, trigger: .edge)
    // If the kernel does not support the call, report the error here instead of in the thread.
    var events: [ReadinessEvent] = []
    try epoll.wait(appendingTo: &events, timeout: .immediate)
  }

  /// Starts the thread, which runs an executor's jobs and never exits.
  func start(for executor: EventLoopExecutor? = nil) throws(IPCError) {
    try Threads.start(interruptible: false) { self.run(for: executor) }
  }

  /// Runs a job in the thread.
  func enqueue(_ job: UnownedJob) { jobs.append(job) }

  /// The number of waiting tasks and calls, for tests.
  var waitCount: Int { state.withLock { $0.table.count } }

  /// Waits until a descriptor is ready, the deadline has passed, or the task is cancelled.
  ///
  /// If the descriptor is -1, the function waits only for the deadline.
  func wait(for events: Readiness, of descriptor: Int32, until timeout: Timeout) async -> WaitOutcome {
    let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        unsafe begin(number, .task(continuation), for: events, of: descriptor, until: timeout.monotonicNanoseconds)
      }
    } onCancel: {
      end(number, descriptor)
    }
  }

  /// Schedules a call to ``BlockingCall/deadlineHasPassed()`` at a `CLOCK_MONOTONIC` time in nanoseconds.
  ///
  /// - Returns: An ID that can be used to end the wait.
  func schedule(_ call: BlockingCall, at deadline: Int64) -> UInt64 {
    let number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    begin(number, .call(call), for: [], of: -1, until: deadline)
    return number
  }

  func unschedule(_ number: UInt64) { _ = state.withLock { $0.table.remove(number, of: -1) } }

  private func begin(
    _ number: UInt64, _ target: WaitTable.Target, for events: Readiness, of descriptor: Int32, until deadline: Int64
  ) {
    let outcome = state.withLock { state -> WaitOutcome? in
      // The cancellation handler may have run before the wait was added. A task is marked as cancelled before its
      // handlers run.
      if case .task = target, Task.isCancelled { return .cancelled }
      state.table.insert(number, target, for: events, of: descriptor, until: deadline)
      do throws(IPCError) {
        if descriptor >= 0 { try arm(descriptor, &state.table) }
        try setTimer(&state)
        return nil
      } catch {
        _ = state.table.remove(number, of: descriptor)
        // Files that epoll(7) does not support are always ready, as with poll(2).
        return error.errno == .notPermitted ? .ready(events) : .failed(error)
      }
    }
    if let outcome { Self.finish(.init(target: target, outcome: outcome)) }
  }

  /// Ends a wait because its task was cancelled.
  private func end(_ number: UInt64, _ descriptor: Int32) {
    let target = state.withLock { $0.table.remove(number, of: descriptor) }
    if let target { Self.finish(.init(target: target, outcome: .cancelled)) }
  }

  /// Asks the kernel to report the events that a descriptor's waits need.
  private func arm(_ descriptor: Int32, _ table: inout WaitTable) throws(IPCError) {
    guard let events = table.missingEvents(of: descriptor) else { return }
    let (file, token) = (FileDescriptor(rawValue: descriptor), UInt64(descriptor))
    do throws(IPCError) {
      if table.isKnown(descriptor) {
        try epoll.change(file, to: events, token: token, once: true)
      } else {
        try epoll.add(file, for: events, token: token, once: true)
      }
    } catch {
      switch error.errno {
      // The descriptor number now refers to a different file.
      case .noSuchFileOrDirectory: try epoll.add(file, for: events, token: token, once: true)
      case .fileExists: try epoll.change(file, to: events, token: token, once: true)
      default: throw error
      }
    }
    table.arm(descriptor, events)
  }

  /// Sets the timer if the earliest deadline is earlier than the current setting.
  private func setTimer(_ state: inout State) throws(IPCError) {
    let deadline = state.table.earliestDeadline
    guard deadline < state.timerDeadline else { return }
    try timer.set(at: Timeout(monotonicNanoseconds: deadline))
    state.timerDeadline = deadline
  }

  private func run(for executor: EventLoopExecutor?) {
    unsafe cipc_async_set_loop(Unmanaged.passUnretained(self).toOpaque())
    var events: [ReadinessEvent] = []
    var finished: [WaitTable.Finished] = []
    while true {
      events.removeAll(keepingCapacity: true)
      do throws(IPCError) {
        try epoll.wait(appendingTo: &events, timeout: jobs.prepareToWait() ? .never : .immediate)
      } catch {
        // The wait fails only if the program closes a descriptor that it does not own.
        preconditionFailure("the event loop of IPCAsync cannot wait: \(error)")
      }
      jobs.hasWoken()
      collect(events, into: &finished)
      // Use an index, because an iterator allocates in unoptimized builds.
      for index in finished.indices { Self.finish(finished[index]) }
      finished.removeAll(keepingCapacity: true)
      if let executor { jobs.run(on: executor) }
    }
  }

  /// Removes the waits ended by these events.
  private func collect(_ events: [ReadinessEvent], into finished: inout [WaitTable.Finished]) {
    // Do not capture an `inout` parameter in the closure, because the array would be copied.
    var ended: [WaitTable.Finished] = []
    swap(&ended, &finished)
    defer { swap(&ended, &finished) }
    state.withLock { state in
      for index in events.indices {
        let event = events[index]
        if event.token == Self.timerToken {
          expire(&state, into: &ended)
        } else if let descriptor = Int32(exactly: event.token),
          state.table.removeReady(descriptor, event.readiness, into: &ended)
        {
          do throws(IPCError) {
            try arm(descriptor, &state.table)
          } catch {
            state.table.removeAll(of: descriptor, .failed(error), into: &ended)
          }
        }
      }
    }
  }

  private func expire(_ state: inout State, into finished: inout [WaitTable.Finished]) {
    state.timerDeadline = .max
    state.table.removeExpired(MonotonicTime.now, into: &finished)
    do throws(IPCError) {
      try setTimer(&state)
    } catch {
      preconditionFailure("the event loop of IPCAsync cannot set its timer: \(error)")
    }
  }

  private static func finish(_ wait: WaitTable.Finished) {
    switch wait.target {
    case .task(let continuation): unsafe continuation.resume(returning: wait.outcome)
    case .call(let call): call.deadlineHasPassed()
    }
  }
}
