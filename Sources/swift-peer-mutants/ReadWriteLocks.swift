import CReal
import Glibc

@c(__wrap_pthread_rwlock_rdlock) func readLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  // `lock()` has no mode parameter, and is always exclusive.
  Mutant.readersExclude.isOn ? unsafe __real_pthread_rwlock_wrlock(lock) : unsafe __real_pthread_rwlock_rdlock(lock)
}

@c(__wrap_pthread_rwlock_wrlock) func writeLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  guard Mutant.readWriteLockAsCopy.isOn, let lock = unsafe lock else {
    return unsafe __real_pthread_rwlock_wrlock(lock)
  }
  // Each process locks its own copy.
  var copy = unsafe lock.pointee
  return unsafe __real_pthread_rwlock_wrlock(&copy)
}

@c(__wrap_pthread_rwlock_tryrdlock) func tryReadLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  let error = unsafe __real_pthread_rwlock_tryrdlock(lock)
  // `@discardableResult` lets the caller ignore the result.
  return Mutant.tryReadDiscarded.isOn ? 0 : error
}

@c(__wrap_pthread_rwlockattr_setpshared) func setReadWriteShared(
  _ attributes: UnsafeMutablePointer<pthread_rwlockattr_t>?, _ shared: Int32
) -> Int32 {
  // The default is a process-private lock, even in shared memory.
  Mutant.readWriteLockOfThreads.isOn ? 0 : unsafe __real_pthread_rwlockattr_setpshared(attributes, shared)
}

@c(__wrap_cipc_rwlock_lock_until) func lockUntil(
  _ lock: UnsafeMutableRawPointer?, _ exclusive: Bool, _ seconds: Int64, _ nanoseconds: Int
) -> Int32 {
  // The mode defaults to shared.
  unsafe __real_cipc_rwlock_lock_until(lock, Mutant.lockModeDefaulted.isOn ? false : exclusive, seconds, nanoseconds)
}

@c(__wrap_pthread_barrierattr_setpshared) func setBarrierShared(
  _ attributes: UnsafeMutablePointer<pthread_barrierattr_t>?, _ shared: Int32
) -> Int32 {
  Mutant.barrierOfThreads.isOn ? 0 : unsafe __real_pthread_barrierattr_setpshared(attributes, shared)
}

@c(__wrap_pthread_barrier_wait) func waitAtBarrier(_ barrier: UnsafeMutablePointer<pthread_barrier_t>?) -> Int32 {
  let result = unsafe __real_pthread_barrier_wait(barrier)
  // Every nonzero result is thrown as an error.
  if result != 0, Mutant.serialThreadThrown.isOn { return EINVAL }
  // The function returns `Void`, so no thread learns that it is the serial thread.
  return Mutant.serialThreadUnknown.isOn ? 0 : result
}
