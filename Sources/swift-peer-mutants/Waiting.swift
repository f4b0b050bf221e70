import CIPC
import CReal
import Glibc

@c(__wrap_cipc_epoll_ctl) func epollControl(
  _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ data: UInt64
) -> Int32 {
  // The events are stored in 16 bits, as in poll(2), but EPOLLET and EPOLLONESHOT have higher bits.
  let asked = Mutant.eventsOfSixteenBits.isOn ? UInt32(UInt16(truncatingIfNeeded: events)) : events
  // The token is stored in the union's 32-bit member `fd`.
  let kept = Mutant.dataAsDescriptor.isOn ? UInt64(UInt32(truncatingIfNeeded: data)) : data
  // The code always uses EPOLL_CTL_ADD, even for a descriptor that is already registered.
  let adding = Mutant.modifiedByAdding.isOn && operation == Int32(CIPC_EPOLL_CTL_MOD)
  return __real_cipc_epoll_ctl(epoll, adding ? Int32(CIPC_EPOLL_CTL_ADD) : operation, descriptor, asked, kept)
}

@c(__wrap_cipc_eventfd) func eventFD(_ value: UInt32, _ flags: Int32) -> Int32 {
  // The default value of the options is an empty set, without EFD_SEMAPHORE.
  __real_cipc_eventfd(value, Mutant.eventFlagsDefaulted.isOn ? flags & ~Int32(CIPC_EFD_SEMAPHORE) : flags)
}

@c(__wrap_cipc_eventfd_write) func eventWrite(_ event: Int32, _ value: UInt64) -> Int {
  __real_cipc_eventfd_write(event, Mutant.counterOfUInt32.isOn ? UInt64(UInt32(truncatingIfNeeded: value)) : value)
}

@c(__wrap_cipc_eventfd_read_now) func eventReadNow(_ event: Int32, _ value: UnsafeMutablePointer<UInt64>?) -> Int {
  let result = unsafe __real_cipc_eventfd_read_now(event, value)
  if Mutant.counterLeftNonBlocking.isOn, result == -1, errno == EAGAIN { leaveNonBlocking(event) }
  return result
}

@c(__wrap_cipc_timerfd_read) func timerRead(_ timer: Int32, _ count: UnsafeMutablePointer<UInt64>?) -> Int {
  let result = unsafe __real_cipc_timerfd_read(timer, count)
  // The number of expirations is discarded.
  if Mutant.expiredOrNot.isOn, result > 0, let count = unsafe count { unsafe count.pointee = 1 }
  return result
}

@c(__wrap_cipc_pidfd_reap) func reap(
  _ process: Int32, _ status: UnsafeMutablePointer<Int32>?, _ signal: UnsafeMutablePointer<Int32>?
) -> Int32 {
  let result = unsafe __real_cipc_pidfd_reap(process, status, signal)
  // The raw wait status is reported, because the macro WEXITSTATUS is not imported.
  if Mutant.statusOfWait.isOn, result == 1, let status = unsafe status { unsafe status.pointee <<= 8 }
  return result
}

@c(__wrap_cipc_ppoll_masked) func pollMasked(
  _ entries: UnsafeMutablePointer<cipc_pollfd>?, _ count: Int, _ nanoseconds: Int64, _ mask: UInt64
) -> Int32 {
  guard Mutant.maskAroundWait.isOn else {
    return unsafe __real_cipc_ppoll_masked(entries, count, nanoseconds, mask)
  }
  // `signals.whileBlocked` sets the mask before the call to ppoll(2), so a signal can arrive between the two calls.
  var before: UInt64 = 0
  _ = unsafe __real_cipc_sigmask(SIG_SETMASK, mask, &before)
  let result = unsafe __real_cipc_ppoll(entries, count, nanoseconds)
  let reason = errno
  _ = unsafe __real_cipc_sigmask(SIG_SETMASK, before, &before)
  errno = reason
  return result
}

@c(__wrap_cipc_epoll_wait_masked) func epollWaitMasked(
  _ epoll: Int32, _ events: UnsafeMutablePointer<cipc_epoll_event>?, _ count: Int32, _ nanoseconds: Int64,
  _ mask: UInt64
) -> Int32 {
  // The overload without a mask is called, so the mask is not set during the wait.
  Mutant.maskOfOverloadLost.isOn
    ? unsafe __real_cipc_epoll_wait(epoll, events, count, nanoseconds)
    : unsafe __real_cipc_epoll_wait_masked(epoll, events, count, nanoseconds, mask)
}

@c(__wrap_cipc_timerfd) func timerFD(_ clock: Int32) -> Int32 {
  __real_cipc_timerfd(Mutant.timerClockDefaulted.isOn ? CLOCK_MONOTONIC : clock)
}

@c(__wrap_cipc_inotify_read) func readChanges(
  _ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
  let length = unsafe __real_cipc_inotify_read(descriptor, bytes, count)
  let size = MemoryLayout<cipc_inotify_event>.size
  guard length >= size, let bytes = unsafe bytes else { return length }
  // The memory is bound to a single event, so the code ignores the name that follows the event.
  if Mutant.changesFromBoundMemory.isOn { return unsafe size + Int(bytes.load(as: cipc_inotify_event.self).length) }
  var before: UnsafeMutablePointer<cipc_inotify_event>?
  var offset = 0
  while offset < length {
    let event = unsafe (bytes + offset).assumingMemoryBound(to: cipc_inotify_event.self)
    // The members of the structure are declared in another order.
    if Mutant.cookieOfNameLength.isOn { unsafe event.pointee.cookie = event.pointee.length }
    // A dictionary has no value for the watch -1, so the code ignores the event, which is the last one.
    if Mutant.overflowOfNoWatch.isOn, unsafe event.pointee.watch == -1 { return offset }
    // The tuple for a move has its two names in the wrong order.
    if Mutant.movedNamesExchanged.isOn, let source = unsafe before, unsafe event.pointee.cookie != 0,
      unsafe event.pointee.cookie == source.pointee.cookie, unsafe event.pointee.length == source.pointee.length
    {
      for index in 0..<(unsafe Int(event.pointee.length)) {
        let (from, to) = unsafe (
          UnsafeMutableRawPointer(source + 1) + index, UnsafeMutableRawPointer(event + 1) + index
        )
        let byte = unsafe from.load(as: UInt8.self)
        unsafe from.storeBytes(of: to.load(as: UInt8.self), as: UInt8.self)
        unsafe to.storeBytes(of: byte, as: UInt8.self)
      }
    }
    unsafe before = event
    offset += unsafe size + Int(event.pointee.length)
  }
  return length
}

@c(__wrap_cipc_inotify_add_watch) func addWatch(
  _ descriptor: Int32, _ path: UnsafePointer<CChar>?, _ mask: UInt32
) -> Int32 {
  // The events are stored in 16 bits, the type of the events in poll(2).
  unsafe __real_cipc_inotify_add_watch(
    descriptor, path, Mutant.eventsOfInt16.isOn ? UInt32(UInt16(truncatingIfNeeded: mask)) : mask)
}

@c(__wrap_cipc_inotify_rm_watch) func removeWatch(_ descriptor: Int32, _ watch: Int32) -> Int32 {
  // The watch is not removed from the instance. The code only removes a `Watch` value, which has no `deinit`, from a
  // dictionary.
  Mutant.watchWithoutEnd.isOn ? 0 : __real_cipc_inotify_rm_watch(descriptor, watch)
}
