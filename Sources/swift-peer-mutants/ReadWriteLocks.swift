import CReal
import Glibc

@c(__wrap_pthread_rwlock_rdlock) func readLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  // The lock is always exclusive, because `lock()` has no parameter for the mode.
  Mutant.readersExclude.isOn ? unsafe __real_pthread_rwlock_wrlock(lock) : unsafe __real_pthread_rwlock_rdlock(lock)
}

@c(__wrap_pthread_rwlock_wrlock) func writeLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  guard Mutant.readWriteLockAsCopy.isOn, let lock = unsafe lock else {
    return unsafe __real_pthread_rwlock_wrlock(lock)
  }
  // Each process locks a separate copy of the lock.
  var copy = unsafe lock.pointee
  return unsafe __real_pthread_rwlock_wrlock(&copy)
}

@c(__wrap_pthread_rwlock_tryrdlock) func tryReadLock(_ lock: UnsafeMutablePointer<pthread_rwlock_t>?) -> Int32 {
  let error = unsafe __real_pthread_rwlock_tryrdlock(lock)
  // The caller ignores the result, which `@discardableResult` allows.
  return Mutant.tryReadDiscarded.isOn ? 0 : error
}

@c(__wrap_pthread_rwlockattr_setpshared) func setReadWriteShared(
  _ attributes: UnsafeMutablePointer<pthread_rwlockattr_t>?, _ shared: Int32
) -> Int32 {
  // The lock is in shared memory, but is process-private, which is the default.
  Mutant.readWriteLockOfThreads.isOn ? 0 : unsafe __real_pthread_rwlockattr_setpshared(attributes, shared)
}

@c(__wrap_cipc_rwlock_lock_until) func lockUntil(
  _ lock: UnsafeMutableRawPointer?, _ exclusive: Bool, _ seconds: Int64, _ nanoseconds: Int
) -> Int32 {
  // The mode is always shared, the default value of the parameter.
  unsafe __real_cipc_rwlock_lock_until(lock, Mutant.lockModeDefaulted.isOn ? false : exclusive, seconds, nanoseconds)
}

@c(__wrap_pthread_barrierattr_setpshared) func setBarrierShared(
  _ attributes: UnsafeMutablePointer<pthread_barrierattr_t>?, _ shared: Int32
) -> Int32 {
  Mutant.barrierOfThreads.isOn ? 0 : unsafe __real_pthread_barrierattr_setpshared(attributes, shared)
}

@c(__wrap_pthread_barrier_wait) func waitAtBarrier(_ barrier: UnsafeMutablePointer<pthread_barrier_t>?) -> Int32 {
  let result = unsafe __real_pthread_barrier_wait(barrier)
  // The code throws every nonzero result as an error, even PTHREAD_BARRIER_SERIAL_THREAD.
  if result != 0, Mutant.serialThreadThrown.isOn { return EINVAL }
  // The function returns `Void`, so no thread knows that it is the serial thread.
  return Mutant.serialThreadUnknown.isOn ? 0 : result
}
