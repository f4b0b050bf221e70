import CIPC
import CReal
import Glibc

@c(__wrap_cipc_populate) func populate(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The length of the mapping is trusted.
  Mutant.memoryBelieved.isOn ? 0 : unsafe __real_cipc_populate(address, length)
}

@c(__wrap_cipc_futex_wake) func futexWake(_ word: UnsafeRawPointer?, _ count: Int32) -> Int32 {
  // The word is stored without waking the threads that wait for it.
  if Mutant.sleeperForgotten.isOn || (Mutant.nextSleeperForgotten.isOn && count == 1) { return 0 }
  // `signal` instead of `broadcast`.
  return unsafe __real_cipc_futex_wake(word, Mutant.oneIsWoken.isOn ? 1 : count)
}

@c(__wrap_cipc_futex_wait) func futexWait(
  _ word: UnsafeRawPointer?, _ expected: UInt32, _ nanoseconds: Int64
) -> Int32 {
  guard Mutant.sleepsOnACopy.isOn else { return unsafe __real_cipc_futex_wait(word, expected, nanoseconds) }
  // `&word` of a property passes a copy.
  var copy = expected
  return unsafe __real_cipc_futex_wait(&copy, expected, nanoseconds)
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
  if Mutant.lockUnknownToKernel.isOn { cipc_robust_end() }
  return thread
}
