import CIPC
import CReal
import Glibc

@c(__wrap_cipc_populate) func populate(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The code does not check whether the mapping extends past the end of the object.
  Mutant.memoryLengthUnchecked.isOn ? 0 : unsafe __real_cipc_populate(address, length)
}

@c(__wrap_cipc_futex_wake) func futexWake(_ word: UnsafeRawPointer?, _ count: Int32) -> Int32 {
  // The word is stored without waking the threads that wait on it.
  if Mutant.sleeperNotWoken.isOn || (Mutant.nextSleeperForgotten.isOn && count == 1) { return 0 }
  // With `oneWaiterWoken`, only one thread is woken, as if `signal` were called instead of `broadcast`.
  return unsafe __real_cipc_futex_wake(word, Mutant.oneWaiterWoken.isOn ? 1 : count)
}

@c(__wrap_cipc_robust_begin) func robustBegin(_ lock: UnsafeRawPointer?) -> UInt32 {
  let thread = unsafe __real_cipc_robust_begin(lock)
  // The kernel does not know the lock, because the code releases it in `deinit`. If a process is killed, it does not
  // run `deinit`.
  if Mutant.lockUnknownToKernel.isOn { __real_cipc_robust_end() }
  return thread
}

@c(__wrap_cipc_robust_end) func robustEnd() {
  // The lock stays registered with the kernel, because a reference to it remains and `deinit` does not run.
  if !Mutant.lockKeptAnnounced.isOn { __real_cipc_robust_end() }
}
