import CIPC
import CReal
import Glibc

@c(__wrap_cipc_populate) func populate(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The length of the mapping is trusted.
  Mutant.memoryBelieved.isOn ? 0 : unsafe __real_cipc_populate(address, length)
}

@c(__wrap_cipc_futex_wake) func futexWake(_ word: UnsafeRawPointer?, _ count: Int32) -> Int32 {
  // The word is stored without waking the threads that wait for it.
  if Mutant.sleeperForgotten.isOn { return 0 }
  // `signal` instead of `broadcast`.
  return unsafe __real_cipc_futex_wake(word, Mutant.oneIsWoken.isOn ? 1 : count)
}

@c(__wrap_cipc_futex_wait_any) func futexWaitAny(
  _ waiters: UnsafePointer<cipc_futex_waiter>?, _ count: UInt32, _ deadline: Int64
) -> Int32 {
  // A pointer to the first element of an array, with a count of 1.
  unsafe __real_cipc_futex_wait_any(waiters, Mutant.firstOfSeveral.isOn ? 1 : count, deadline)
}

@c(__wrap_cipc_robust_begin) func robustBegin(_ lock: UnsafeRawPointer?) -> UInt32 {
  let thread = unsafe __real_cipc_robust_begin(lock)
  // An atomic word and a `deinit` make a lock, but no `deinit` runs in a killed process.
  if Mutant.lockUnknownToKernel.isOn { __real_cipc_robust_end() }
  return thread
}

@c(__wrap_cipc_robust_end) func robustEnd() {
  // A `deinit` of a value that is still referred to does not run.
  if !Mutant.lockKeptAnnounced.isOn { __real_cipc_robust_end() }
}
