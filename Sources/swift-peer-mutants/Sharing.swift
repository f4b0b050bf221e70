import CIPC
import CReal
import Glibc

@c(__wrap_cipc_populate) func populate(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The length of the mapping is believed, although the object may be shorter.
  Mutant.memoryBelieved.isOn ? 0 : unsafe __real_cipc_populate(address, length)
}

@c(__wrap_cipc_futex_wake) func futexWake(_ word: UnsafeRawPointer?, _ count: Int32) -> Int32 {
  // The word is stored, and its waiters are not woken.
  if Mutant.sleeperForgotten.isOn { return 0 }
  // A condition has `signal` and `broadcast`, and one is enough: the others would look, and sleep again.
  return unsafe __real_cipc_futex_wake(word, Mutant.oneIsWoken.isOn ? 1 : count)
}

@c(__wrap_cipc_futex_wait_any) func futexWaitAny(
  _ waiters: UnsafePointer<cipc_futex_waiter>?, _ count: UInt32, _ deadline: Int64
) -> Int32 {
  // `&waiters` of an array's first element.
  unsafe __real_cipc_futex_wait_any(waiters, Mutant.firstOfSeveral.isOn ? 1 : count, deadline)
}

@c(__wrap_cipc_robust_begin) func robustBegin(_ lock: UnsafeRawPointer?) -> UInt32 {
  let thread = unsafe __real_cipc_robust_begin(lock)
  // An atomic word makes a lock, and a `deinit` gives it back: but none runs in a process that is killed.
  if Mutant.lockUnknownToKernel.isOn { cipc_robust_end() }
  return thread
}
