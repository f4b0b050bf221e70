import CIPC
import CReal
import Glibc

@c(__wrap_sem_post) func post(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  guard Mutant.semaphorePostedAsCopy.isOn, let semaphore = unsafe semaphore else {
    let result = unsafe __real_sem_post(semaphore)
    // The caller ignores the result, which `@discardableResult` allows.
    return Mutant.postResultDiscarded.isOn ? 0 : result
  }
  // Loading a struct sem_t from memory copies it, so the code posts a copy.
  var copy = unsafe semaphore.pointee
  return unsafe __real_sem_post(&copy)
}

@c(__wrap_pthread_mutex_lock) func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  if Mutant.ownerDeadUnlocked.isOn {
    let result = unsafe __real_pthread_mutex_lock(mutex)
    // The code throws EOWNERDEAD as an error, and `defer` unlocks the mutex.
    if result == Int32(CIPC_EOWNERDEAD) { _ = unsafe __real_pthread_mutex_unlock(mutex) }
    return result
  }
  // This affects only robust mutexes; the Swift runtime's own mutexes are not robust.
  guard Mutant.mutexLockedAsCopy.isOn, let mutex = unsafe mutex, unsafe mutex.pointee.__data.__kind & 16 != 0 else {
    return unsafe __real_pthread_mutex_lock(mutex)
  }
  // Each process locks a separate copy of the mutex.
  var copy = unsafe mutex.pointee
  return unsafe __real_pthread_mutex_lock(&copy)
}

/// Whether a mutex is robust; the Swift runtime's own mutexes are not.
private func isRobust(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Bool {
  guard let mutex = unsafe mutex else { return false }
  return unsafe mutex.pointee.__data.__kind & 16 != 0
}

@c(__wrap_pthread_mutex_trylock) func tryLock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  let error = unsafe __real_pthread_mutex_trylock(mutex)
  // The caller ignores the result, which `@discardableResult` allows.
  return unsafe Mutant.tryLockDiscarded.isOn && isRobust(mutex) ? 0 : error
}

@c(__wrap_pthread_mutex_unlock) func unlock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  let error = unsafe __real_pthread_mutex_unlock(mutex)
  // The result is compared with -1, but pthread calls return the error number.
  return unsafe Mutant.pthreadErrorAsMinusOne.isOn && isRobust(mutex) && error != -1 ? 0 : error
}

@c(__wrap_pthread_mutexattr_setrobust) func setRobust(
  _ attributes: UnsafeMutablePointer<pthread_mutexattr_t>?, _ robust: Int32
) -> Int32 {
  // The mutex is not robust, because the default value of the parameter is the first case of the enumeration.
  Mutant.robustnessDefaulted.isOn ? 0 : unsafe __real_pthread_mutexattr_setrobust(attributes, robust)
}

@c(__wrap_pthread_mutexattr_settype) func setType(
  _ attributes: UnsafeMutablePointer<pthread_mutexattr_t>?, _ type: Int32
) -> Int32 {
  // The code supports only error-checking mutexes.
  unsafe __real_pthread_mutexattr_settype(
    attributes, Mutant.kindDefaulted.isOn ? Int32(PTHREAD_MUTEX_ERRORCHECK) : type)
}

@c(__wrap_pthread_condattr_setclock) func setClock(
  _ attributes: UnsafeMutablePointer<pthread_condattr_t>?, _ clock: clockid_t
) -> Int32 {
  Mutant.clockDefaulted.isOn ? 0 : unsafe __real_pthread_condattr_setclock(attributes, clock)
}

@c(__wrap_pthread_cond_broadcast) func broadcast(_ condition: UnsafeMutablePointer<pthread_cond_t>?) -> Int32 {
  // pthread_cond_signal(3) is called instead of pthread_cond_broadcast(3), so only one thread is woken.
  guard Mutant.signalForBroadcast.isOn, let condition = unsafe condition else {
    return unsafe __real_pthread_cond_broadcast(condition)
  }
  return unsafe pthread_cond_signal(condition)
}

@c(__wrap_sem_init) func semaphoreInit(
  _ semaphore: UnsafeMutablePointer<sem_t>?, _ shared: Int32, _ value: UInt32
) -> Int32 {
  // The semaphore is not shared between processes, because the parameter is declared as `shared: Bool = false`.
  unsafe __real_sem_init(semaphore, Mutant.sharingDefaulted.isOn ? 0 : shared, value)
}

@c(__wrap_sem_getvalue) func semaphoreValue(
  _ semaphore: UnsafeMutablePointer<sem_t>?, _ value: UnsafeMutablePointer<Int32>?
) -> Int32 {
  let result = unsafe __real_sem_getvalue(semaphore, value)
  if Mutant.semaphoreValueOfUInt8.isOn, let value = unsafe value {
    unsafe value.pointee = unsafe Int32(UInt8(truncatingIfNeeded: value.pointee))
  }
  return result
}

@c(__wrap_sem_close) func semaphoreClose(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  // The semaphore is closed twice, because a copy of the handle also closes it.
  if Mutant.semaphoreClosedByCopy.isOn { _ = unsafe __real_sem_close(semaphore) }
  return unsafe __real_sem_close(semaphore)
}

@c(__wrap_sem_wait) func semaphoreWait(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  var result = unsafe __real_sem_wait(semaphore)
  while result == -1, errno == EINTR, Mutant.waitRetriedAlways.isOn { result = unsafe __real_sem_wait(semaphore) }
  return result
}

@c(__wrap_pthread_condattr_setpshared) func setShared(
  _ attributes: UnsafeMutablePointer<pthread_condattr_t>?, _ shared: Int32
) -> Int32 {
  // The condition variable is in shared memory, but is process-private, which is the default.
  Mutant.conditionOfThreads.isOn ? 0 : unsafe __real_pthread_condattr_setpshared(attributes, shared)
}
