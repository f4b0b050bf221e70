import CIPC
import CReal
import Glibc

/// Stores seconds in an Int32, which overflows in 2038.
private func narrowed(_ seconds: Int64) -> Int64 { Int64(Int32(truncatingIfNeeded: seconds)) }

/// Converts nanoseconds to milliseconds in an Int32, which overflows after 24 days.
///
/// The value -1 still means to wait indefinitely.
private func rounded(_ nanoseconds: Int64) -> Int64 {
  let milliseconds = Int32(truncatingIfNeeded: nanoseconds / 1_000_000)
  return milliseconds < 0 ? -1 : Int64(milliseconds) * 1_000_000
}

/// Adds the seconds of the clock and the timeout, and separately their nanoseconds, without a carry.
private func uncarried(_ seconds: Int64, _ nanoseconds: Int) -> (seconds: Int64, nanoseconds: Int) {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  let borrows = nanoseconds < now.tv_nsec
  let rest = borrows ? nanoseconds + 1_000_000_000 - now.tv_nsec : nanoseconds - now.tv_nsec
  return (borrows ? seconds - 1 : seconds, now.tv_nsec + rest)
}

@c(__wrap_cipc_ppoll) func waitForDescriptors(
  _ entries: UnsafeMutablePointer<cipc_pollfd>?, _ count: Int, _ nanoseconds: Int64
) -> Int32 {
  // Only the first element of the array is passed, with a count of 1.
  let used = Mutant.firstEntryOfArray.isOn ? min(1, count) : count
  let buffer = unsafe UnsafeMutableBufferPointer(start: entries, count: used)
  // The code calls select(2) instead of poll(2). select(2) does not support descriptors above 1023.
  for i in buffer.indices where unsafe Mutant.selectForPoll.isOn && buffer[i].descriptor >= 1024 {
    unsafe buffer[i].descriptor = -1
  }
  let result = unsafe wait(for: buffer, nanoseconds)
  // The option set returned contains only the requested events.
  for i in buffer.indices where Mutant.onlyAskedEvents.isOn { unsafe buffer[i].revents &= buffer[i].events }
  // The events are an enumeration, which cannot represent several events at once.
  let hangUp = Int16(POLLHUP)
  for i in buffer.indices where unsafe Mutant.eventsAsEnumeration.isOn && buffer[i].revents & hangUp != 0 {
    unsafe buffer[i].revents = hangUp
  }
  return result
}

/// Sleeps until a descriptor is ready or the time has passed; with a mutant, checks every millisecond instead.
private func wait(for entries: UnsafeMutableBufferPointer<cipc_pollfd>, _ nanoseconds: Int64) -> Int32 {
  // `while !handle.isReady { usleep(1000) }` polls instead of sleeping until the event occurs.
  let turn: Int64 = 1_000_000
  if Mutant.polledInTurns.isOn, nanoseconds < 0 || nanoseconds > 1000 * turn {
    while true {
      let ready = unsafe __real_cipc_ppoll(entries.baseAddress, entries.count, turn)
      if ready != 0 { return ready }
    }
  }
  return unsafe MutantClock.poll(entries.baseAddress, entries.count, nanoseconds)
}

@c(__wrap_cipc_epoll_wait) func epollWait(
  _ epoll: Int32, _ events: UnsafeMutablePointer<cipc_epoll_event>?, _ count: Int32, _ nanoseconds: Int64
) -> Int32 {
  // The buffer is a single `epoll_event`, so each wait returns at most one event.
  let most = Mutant.oneEpollEvent.isOn ? min(1, count) : count
  let ready = unsafe MutantClock.epoll(epoll, events, most, nanoseconds)
  let buffer = unsafe UnsafeMutableBufferPointer(start: events, count: Int(max(0, ready)))
  let hangUp = UInt32(POLLHUP)
  for i in buffer.indices where unsafe Mutant.epollEventsAsEnumeration.isOn && buffer[i].events & hangUp != 0 {
    unsafe buffer[i].events = hangUp
  }
  return ready
}

@c(__wrap_cipc_timerfd_set) func timerSet(
  _ timer: Int32, _ absolute: Int32, _ first: Int64, _ interval: Int64
) -> Int32 {
  // The time is computed, but the timer is never armed.
  if Mutant.timerNotArmed.isOn { return 0 }
  // The parameter for the interval has a default value, and the caller does not pass one.
  let again = Mutant.intervalDefaulted.isOn ? 0 : interval
  // The seconds are stored in a UInt32.
  let begin = Mutant.timerOfUInt32.isOn ? first % 4_294_967_296_000_000_000 : first
  // Only the whole seconds in `duration.components` are used; the attoseconds are ignored.
  let unit: Int64 = Mutant.secondsOfComponents.isOn ? 1_000_000_000 : 1
  // The flag TFD_TIMER_ABSTIME is missing, so the timer treats the absolute time as a duration.
  let flag = Mutant.deadlineAsDuration.isOn ? 0 : absolute
  return __real_cipc_timerfd_set(timer, flag, begin / unit * unit, again / unit * unit)
}

@c(__wrap_cipc_sem_wait_until) func semaphoreWait(
  _ semaphore: UnsafeMutableRawPointer?, _ seconds: Int64, _ nanoseconds: Int
) -> Int32 {
  if Mutant.semaphoreDeadlineOfInt32.isOn {
    return unsafe __real_cipc_sem_wait_until(semaphore, narrowed(seconds), nanoseconds)
  }
  if Mutant.carryForgotten.isOn {
    let sum = uncarried(seconds, nanoseconds)
    return unsafe __real_cipc_sem_wait_until(semaphore, sum.seconds, sum.nanoseconds)
  }
  let result = unsafe MutantClock.semaphore(semaphore, seconds, nanoseconds)
  // `try?` hides the timeout, and the caller proceeds as if it had acquired the semaphore.
  return Mutant.timeoutSwallowed.isOn && result == -1 && errno == ETIMEDOUT ? 0 : result
}

@c(__wrap_cipc_mutex_lock_until) func mutexLockUntil(
  _ mutex: UnsafeMutableRawPointer?, _ seconds: Int64, _ nanoseconds: Int
) -> Int32 {
  if Mutant.mutexDeadlineOfInt32.isOn {
    return unsafe __real_cipc_mutex_lock_until(mutex, narrowed(seconds), nanoseconds)
  }
  return unsafe __real_cipc_mutex_lock_until(mutex, seconds, nanoseconds)
}

@c(__wrap_pthread_cond_timedwait) func conditionWaitUntil(
  _ condition: UnsafeMutablePointer<pthread_cond_t>?, _ mutex: UnsafeMutablePointer<pthread_mutex_t>?,
  _ deadline: UnsafePointer<timespec>?
) -> Int32 {
  guard Mutant.conditionDeadlineOfInt32.isOn, var end = unsafe deadline?.pointee else {
    return unsafe __real_pthread_cond_timedwait(condition, mutex, deadline)
  }
  end.tv_sec = Int(narrowed(Int64(end.tv_sec)))
  return unsafe __real_pthread_cond_timedwait(condition, mutex, &end)
}

@c(__wrap_cipc_mq_timedreceive) func mqTimedReceive(
  _ queue: Int32, _ room: UnsafeMutableRawPointer?, _ size: Int, _ priority: UnsafeMutablePointer<UInt32>?,
  _ seconds: Int64, _ nanoseconds: Int
) -> Int {
  // The deadline is computed from `Date.timeIntervalSinceReferenceDate`, which counts from 2001 instead of 1970.
  let since = Mutant.deadlineSince2001.isOn ? seconds - 978_307_200 : seconds
  let result = unsafe MutantClock.receive(queue, room, size, priority, since, nanoseconds)
  // The queue was made nonblocking for a call with a timeout, and is not made blocking again.
  if Mutant.queueLeftNonBlocking.isOn, result == -1, errno == ETIMEDOUT {
    _ = cipc_mq_setattr(queue, Int(O_NONBLOCK), nil)
    errno = ETIMEDOUT
  }
  return result
}

@c(__wrap_cipc_semtimedop) func semTimedOperation(
  _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int, _ nanoseconds: Int64
) -> Int32 {
  // Nanoseconds are passed where seconds are expected.
  var time = Mutant.timeoutInSeconds.isOn && nanoseconds > 0 ? nanoseconds / 1_000_000_000 : nanoseconds
  if Mutant.semaphoreMillisecondsOfInt32.isOn { time = rounded(nanoseconds) }
  // The operations are performed one by one in a `for` loop, not atomically.
  if Mutant.operationsOneByOne.isOn, let operations = unsafe operations {
    for i in 0..<count where unsafe __real_cipc_semtimedop(set, operations + i, 1, time) == -1 { return -1 }
    return 0
  }
  return unsafe withChanged(operations, count) { unsafe MutantClock.operation(set, $0, $1, time) }
}

@c(__wrap_cipc_futex_wait) func futexWait(_ word: UnsafeRawPointer?, _ value: UInt32, _ nanoseconds: Int64) -> Int32 {
  // `Int32(nanoseconds)` traps after two seconds.
  if Mutant.nanosecondsTrap.isOn { _ = Int32(nanoseconds) }
  // `while flag.load(ordering: .acquiring) == 0 {}` spins.
  if Mutant.spinsForTheWord.isOn { return 0 }
  // The waiting side checks the word every millisecond instead of sleeping until it is woken.
  if Mutant.wakesEveryMillisecond.isOn, nanoseconds < 0 || nanoseconds > 1_000_000 {
    while true {
      let result = unsafe __real_cipc_futex_wait(word, value, 1_000_000)
      if result != -1 || errno != ETIMEDOUT { return result }
    }
  }
  // `word` is a property, so `&word` passes the address of a copy.
  if Mutant.sleepsOnACopy.isOn {
    var copy = value
    return unsafe __real_cipc_futex_wait(&copy, value, nanoseconds)
  }
  return unsafe MutantClock.futex(word, value, nanoseconds)
}
