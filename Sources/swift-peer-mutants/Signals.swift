import CIPC
import CReal
import Glibc

@c(__wrap_cipc_sigmask) func sigmask(
  _ how: Int32, _ signals: UInt64, _ previous: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  // The bit of signal n is n - 1, not n.
  if Mutant.signalSetOffByOne.isOn { return unsafe __real_cipc_sigmask(how, signals << 1, previous) }
  // A property of the process that is set, where signals should be added.
  if Mutant.maskReplacedBySet.isOn, how == SIG_BLOCK {
    return unsafe __real_cipc_sigmask(SIG_SETMASK, signals, previous)
  }
  return unsafe __real_cipc_sigmask(how, signals, previous)
}

@c(__wrap_cipc_sigqueue) func queue(_ process: Int32, _ number: Int32, _ value: Int32) -> Int32 {
  // `sigval()` and then no member: a union has no initializer for one.
  __real_cipc_sigqueue(process, number, Mutant.queuedWithoutValue.isOn ? 0 : value)
}

@c(__wrap_cipc_sigtimedwait) func signalWait(
  _ signals: UInt64, _ nanoseconds: Int64, _ information: UnsafeMutablePointer<cipc_signal_information>?
) -> Int32 {
  var result = unsafe __real_cipc_sigtimedwait(signals, nanoseconds, information)
  while result == -1, errno == EINTR, Mutant.signalWaitRetried.isOn {
    result = unsafe __real_cipc_sigtimedwait(signals, nanoseconds, information)
  }
  if result == -1, errno == EAGAIN { unsafe hasTimedOut = true }
  // SI_QUEUE is negative, and the conversion traps.
  if result != -1, Mutant.codeUnsigned.isOn, let information = unsafe information {
    unsafe information.pointee.code = unsafe Int32(UInt32(information.pointee.code))
  }
  return result
}
