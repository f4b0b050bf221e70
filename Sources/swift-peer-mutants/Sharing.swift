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

@c(__wrap_cipc_robust_begin) func robustBegin(_ lock: UnsafeRawPointer?) -> UInt32 {
  let thread = unsafe __real_cipc_robust_begin(lock)
  // An atomic word and a `deinit` make a lock, but no `deinit` runs in a killed process.
  if Mutant.lockUnknownToKernel.isOn { cipc_robust_end() }
  return thread
}
