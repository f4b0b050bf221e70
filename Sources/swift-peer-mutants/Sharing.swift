import CIPC
import CReal
import Glibc

@c(__wrap_cipc_populate) func populate(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The mapping's length is not checked against the object's size.
  Mutant.memoryLengthUnchecked.isOn ? 0 : unsafe __real_cipc_populate(address, length)
}

@c(__wrap_cipc_futex_wake) func futexWake(_ word: UnsafeRawPointer?, _ count: Int32) -> Int32 {
  // The word is stored without waking the threads that wait on it.
  if Mutant.sleeperNotWoken.isOn || (Mutant.nextSleeperForgotten.isOn && count == 1) { return 0 }
  // Only one thread is woken: `signal` is used instead of `broadcast`.
  return unsafe __real_cipc_futex_wake(word, Mutant.oneWaiterWoken.isOn ? 1 : count)
}

@c(__wrap_cipc_robust_begin) func robustBegin(_ lock: UnsafeRawPointer?) -> UInt32 {
  let thread = unsafe __real_cipc_robust_begin(lock)
  // The lock is an atomic word that `deinit` releases, but a killed process runs no `deinit`.
  if Mutant.lockUnknownToKernel.isOn { __real_cipc_robust_end() }
  return thread
}

@c(__wrap_cipc_robust_end) func robustEnd() {
  // A reference remains, so `deinit` does not run.
  if !Mutant.lockKeptAnnounced.isOn { __real_cipc_robust_end() }
}
