import CIPC
import CReal
import Glibc

/// The library's clock, which some mutants change.
///
/// After a wait, the library checks whether the deadline has passed. Therefore, a mutant that ends a wait early also
/// sets this clock forward, and a mutant that restarts a wait also stops the clock.
enum MutantClock {
  nonisolated(unsafe) private static var skew: Int64 = 0

  static var now: Int64 { unsafe __real_cipc_clock_monotonic() + skew }

  /// Performs a wait that lasts `nanoseconds`.
  ///
  /// With `cutShort`, the wait ends after a tenth of that time. With `startedAgain`, the whole wait starts again after
  /// an interruption.
  static func wait<Result: FixedWidthInteger>(
    _ nanoseconds: Int64, cutShort: Mutant, startedAgain: Mutant, _ body: (Int64) -> Result
  ) -> Result {
    if cutShort.isOn, nanoseconds > 0 {
      let result = body(nanoseconds / 10)
      unsafe skew += nanoseconds - nanoseconds / 10
      return result
    }
    guard startedAgain.isOn, nanoseconds > 0 else { return body(nanoseconds) }
    let start = __real_cipc_clock_monotonic()
    let result = body(nanoseconds)
    var reason = errno
    let took = __real_cipc_clock_monotonic() - start
    // If the wait lasted until its deadline although a timer sends signals, this process was not scheduled in time.
    // Otherwise, a signal would also have interrupted the wait.
    if took >= nanoseconds, timerSendsSignals { reason = EINTR }
    if reason == EINTR { unsafe skew -= took }
    errno = reason
    return result
  }

  private static var timerSendsSignals: Bool {
    var timer = itimerval()
    return unsafe getitimer(Int32(ITIMER_REAL.rawValue), &timer) == 0 && timer.it_interval.tv_usec > 0
  }

  /// Performs a wait until a time on this clock.
  static func wait(
    until deadline: Int64, cutShort: Mutant, startedAgain: Mutant, _ body: (Int64) -> Int32
  ) -> Int32 {
    guard deadline >= 0, cutShort.isOn || startedAgain.isOn else { return body(deadline) }
    return wait(deadline - now, cutShort: cutShort, startedAgain: startedAgain) { span in
      body(__real_cipc_clock_monotonic() + span)
    }
  }

  /// Performs a wait on a message queue, with a CLOCK_REALTIME deadline.
  static func wait<Result: FixedWidthInteger>(
    untilTimeOfDay seconds: Int64, _ nanoseconds: Int, _ body: (Int64, Int) -> Result
  ) -> Result {
    let span = seconds * 1_000_000_000 + Int64(nanoseconds) - cipc_clock_realtime()
    guard Mutant.queueWaitCutShort.isOn || Mutant.queueWaitStartedAgain.isOn, span > 0 else {
      return body(seconds, nanoseconds)
    }
    return wait(span, cutShort: .queueWaitCutShort, startedAgain: .queueWaitStartedAgain) { span in
      let end = cipc_clock_realtime() + span
      return body(end / 1_000_000_000, Int(end % 1_000_000_000))
    }
  }
}

@c(__wrap_cipc_clock_monotonic) func clockMonotonic() -> Int64 { MutantClock.now }

// Other files in this module call these functions for all waits that their own mutants do not change.
extension MutantClock {
  static func poll(_ entries: UnsafeMutablePointer<cipc_pollfd>?, _ count: Int, _ nanoseconds: Int64) -> Int32 {
    // With `pollWaitsASecond`, a timeout of 0 is rounded up to one second.
    let time = Mutant.pollWaitsASecond.isOn && nanoseconds == 0 ? 1_000_000_000 : nanoseconds
    // After a wait with a timeout, the descriptors stay nonblocking, even for other processes that share them.
    if Mutant.polledMadeNonblocking.isOn, nanoseconds >= 0 {
      let buffer = unsafe UnsafeBufferPointer(start: entries, count: count)
      for i in buffer.indices { unsafe leaveNonBlocking(buffer[i].descriptor) }
    }
    return wait(time, cutShort: .pollCutShort, startedAgain: .pollStartedAgain) {
      unsafe __real_cipc_ppoll(entries, count, $0)
    }
  }

  static func epoll(
    _ epoll: Int32, _ events: UnsafeMutablePointer<cipc_epoll_event>?, _ count: Int32, _ nanoseconds: Int64
  ) -> Int32 {
    wait(nanoseconds, cutShort: .epollCutShort, startedAgain: .epollStartedAgain) {
      unsafe __real_cipc_epoll_wait(epoll, events, count, $0)
    }
  }

  static func signal(
    _ signals: UInt64, _ nanoseconds: Int64, _ information: UnsafeMutablePointer<cipc_signal_information>?
  ) -> Int32 {
    wait(nanoseconds, cutShort: .signalWaitCutShort, startedAgain: .signalWaitStartedAgain) {
      unsafe __real_cipc_sigtimedwait(signals, $0, information)
    }
  }

  static func operation(
    _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int, _ nanoseconds: Int64
  ) -> Int32 {
    wait(nanoseconds, cutShort: .setOperationCutShort, startedAgain: .setOperationStartedAgain) {
      unsafe __real_cipc_semtimedop(set, operations, count, $0)
    }
  }

  static func futex(_ word: UnsafeRawPointer?, _ expected: UInt32, _ nanoseconds: Int64) -> Int32 {
    wait(nanoseconds, cutShort: .futexCutShort, startedAgain: .futexStartedAgain) {
      unsafe __real_cipc_futex_wait(word, expected, $0)
    }
  }

  static func semaphore(_ semaphore: UnsafeMutableRawPointer?, _ seconds: Int64, _ nanoseconds: Int) -> Int32 {
    let cutShort = Mutant.semaphoreWaitCutShort
    let again = Mutant.semaphoreWaitStartedAgain
    guard cutShort.isOn || again.isOn else { return unsafe __real_cipc_sem_wait_until(semaphore, seconds, nanoseconds) }
    return wait(until: seconds * 1_000_000_000 + Int64(nanoseconds), cutShort: cutShort, startedAgain: again) {
      unsafe __real_cipc_sem_wait_until(semaphore, $0 / 1_000_000_000, Int($0 % 1_000_000_000))
    }
  }

  static func receive(
    _ queue: Int32, _ room: UnsafeMutableRawPointer?, _ size: Int, _ priority: UnsafeMutablePointer<UInt32>?,
    _ seconds: Int64, _ nanoseconds: Int
  ) -> Int {
    // The timeout is implemented with a timer that interrupts the call. The signal handler of the timer stays
    // installed.
    if Mutant.alarmHandlerLeft.isOn { Glibc.signal(SIGALRM) { _ in } }
    return wait(untilTimeOfDay: seconds, nanoseconds) {
      unsafe __real_cipc_mq_timedreceive(queue, room, size, priority, $0, $1)
    }
  }
}

@c(__wrap_cipc_futex_wait_any) func futexWaitAny(
  _ waiters: UnsafePointer<cipc_futex_waiter>?, _ count: UInt32, _ deadline: Int64
) -> Int32 {
  // Only the first element of the array is passed, with a count of 1.
  let count = Mutant.firstOfSeveral.isOn ? 1 : count
  return MutantClock.wait(until: deadline, cutShort: .futexCutShort, startedAgain: .futexStartedAgain) {
    unsafe __real_cipc_futex_wait_any(waiters, count, $0)
  }
}

@c(__wrap_cipc_mq_timedsend) func mqTimedSend(
  _ queue: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ priority: UInt32, _ seconds: Int64,
  _ nanoseconds: Int
) -> Int32 {
  MutantClock.wait(untilTimeOfDay: seconds, nanoseconds) {
    unsafe __real_cipc_mq_timedsend(queue, bytes, length, priority, $0, $1)
  }
}

@c(__wrap_sem_trywait) func semaphoreTryWait(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  let result = unsafe __real_sem_trywait(semaphore)
  // The code retries the nonblocking call after a second.
  guard Mutant.tryWaitTriesAgain.isOn, result == -1 else { return result }
  sleep(1)
  return unsafe __real_sem_trywait(semaphore)
}
