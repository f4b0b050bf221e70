import CIPC
import CReal
import Glibc

@c(__wrap_cipc_sigmask) func sigmask(
  _ how: Int32, _ signals: UInt64, _ previous: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  // Signal n is represented by bit n instead of bit n - 1.
  if Mutant.signalSetOffByOne.isOn { return unsafe __real_cipc_sigmask(how, signals << 1, previous) }
  // The call replaces the mask instead of adding signals to it.
  let asked = Mutant.maskReplacedBySet.isOn && how == SIG_BLOCK ? SIG_SETMASK : how
  return unsafe __real_cipc_sigmask(asked, signals, previous)
}

@c(__wrap_cipc_sigpending) func sigPending(_ signals: UnsafeMutablePointer<UInt64>?) -> Int32 {
  let result = unsafe __real_cipc_sigpending(signals)
  // The set is stored in an Int32.
  if Mutant.pendingOfInt32.isOn, result == 0, let signals = unsafe signals { unsafe signals.pointee &= 0xFFFF_FFFF }
  return result
}

@c(__wrap_cipc_sigqueue) func sigQueue(_ process: Int32, _ number: Int32, _ value: Int32) -> Int32 {
  // The value is stored in a UInt8, the raw type of an enumeration.
  let sent = Mutant.signalValueOfUInt8.isOn ? Int32(UInt8(truncatingIfNeeded: value)) : value
  // The value is not sent. The code creates a `sigval()`, but does not set any of its members.
  return __real_cipc_sigqueue(process, number, Mutant.queuedWithoutValue.isOn ? 0 : sent)
}

@c(__wrap_cipc_sigtimedwait) func sigTimedWait(
  _ signals: UInt64, _ nanoseconds: Int64, _ information: UnsafeMutablePointer<cipc_signal_information>?
) -> Int32 {
  // The timeout is converted to milliseconds in an Int32, which traps after 24 days.
  if Mutant.millisecondsTrap.isOn { _ = Int32(nanoseconds / 1_000_000) }
  var result = unsafe MutantClock.signal(signals, nanoseconds, information)
  while result == -1, errno == EINTR, Mutant.signalWaitRetried.isOn {
    result = unsafe MutantClock.signal(signals, nanoseconds, information)
  }
  guard result != -1, let information = unsafe information else { return result }
  // The sign of the value is lost, because the code converts the union's pointer member to an unsigned number.
  if Mutant.signOfValueLost.isOn { unsafe information.pointee.value &= .max }
  // The code is converted to UInt32, which traps for negative numbers such as SI_QUEUE.
  if Mutant.codeUnsigned.isOn { unsafe information.pointee.code = unsafe Int32(UInt32(information.pointee.code)) }
  // The peer reports its own process ID, because Swift does not import the union's fields.
  if Mutant.senderNotImported.isOn { unsafe information.pointee.process = getpid() }
  // The process ID is stored in a UInt16, which is large enough only in tests.
  if Mutant.senderOfUInt16.isOn { unsafe information.pointee.process &= 0xFFFF }
  return result
}

@c(__wrap_cipc_signalfd) func signalFD(_ signals: UInt64) -> Int32 {
  // The call uses only the signal with the lowest number.
  __real_cipc_signalfd(Mutant.firstSignalOfSet.isOn ? signals & (~signals &+ 1) : signals)
}

@c(__wrap_kill) func sendSignal(_ process: pid_t, _ signal: Int32) -> Int32 {
  // The absolute value is used as the process ID, so the signal goes to the group's leader only.
  __real_kill(Mutant.groupByMagnitude.isOn && process < -1 ? -process : process, signal)
}

@c(__wrap_cipc_signalfd_replace) func replaceSignalFD(_ descriptor: Int32, _ signals: UInt64) -> Int32 {
  // The call replaces only the set in the Swift value, and not the set of the descriptor.
  Mutant.signalsOfValueOnly.isOn ? descriptor : __real_cipc_signalfd_replace(descriptor, signals)
}

@c(__wrap_cipc_timer_set) func setTimer(
  _ timer: UnsafeMutableRawPointer?, _ nanoseconds: Int64, _ interval: Int64
) -> Int32 {
  // The timer repeats, because the parameter is declared as `repeats: Bool = true`.
  unsafe __real_cipc_timer_set(timer, nanoseconds, Mutant.repeatsByDefault.isOn ? nanoseconds : interval)
}

@c(__wrap_cipc_mq_notify_thread) func notifyInThread(
  _ queue: Int32, _ key: Int32, _ function: cipc_notified?
) -> Int32 {
  // The code ignores that a registration fails, because the existing registration also sends a notification.
  let result = __real_cipc_mq_notify_thread(queue, key, function)
  return Mutant.notificationKeptForever.isOn ? 0 : result
}
