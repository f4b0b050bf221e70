import CIPC
import CReal
import Glibc

@c(__wrap_sem_post) func post(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  guard Mutant.semaphorePostedAsCopy.isOn, let semaphore = unsafe semaphore else {
    let result = unsafe __real_sem_post(semaphore)
    // `@discardableResult`
    return Mutant.postResultDiscarded.isOn ? 0 : result
  }
  // sem_t is a struct, and a struct that is loaded from memory is a copy.
  var copy = unsafe semaphore.pointee
  return unsafe __real_sem_post(&copy)
}

@c(__wrap_pthread_mutex_lock) func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  // Affects only robust mutexes; the mutexes of the Swift runtime are not robust.
  if Mutant.ownerDeadUnlocked.isOn {
    let result = unsafe __real_pthread_mutex_lock(mutex)
    // An error is thrown, and `defer` unlocks.
    if result == Int32(CIPC_EOWNERDEAD) { _ = unsafe __real_pthread_mutex_unlock(mutex) }
    return result
  }
  guard Mutant.mutexLockedAsCopy.isOn, let mutex = unsafe mutex, unsafe mutex.pointee.__data.__kind & 16 != 0 else {
    return unsafe __real_pthread_mutex_lock(mutex)
  }
  // Each process locks its own copy.
  var copy = unsafe mutex.pointee
  return unsafe __real_pthread_mutex_lock(&copy)
}

@c(__wrap_pthread_mutex_unlock) func unlock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  let result = unsafe __real_pthread_mutex_unlock(mutex)
  // `defer { pthread_mutex_unlock(&mutex) }` cannot throw.
  return Mutant.unlockResultDiscarded.isOn ? 0 : result
}

@c(__wrap_pthread_mutexattr_setrobust) func setRobust(
  _ attributes: UnsafeMutablePointer<pthread_mutexattr_t>?, _ robustness: Int32
) -> Int32 {
  // NSLock is not robust, and neither is this one.
  Mutant.mutexOutlivedByLock.isOn ? 0 : unsafe __real_pthread_mutexattr_setrobust(attributes, robustness)
}

@c(__wrap_pthread_condattr_setpshared) func setShared(
  _ attributes: UnsafeMutablePointer<pthread_condattr_t>?, _ shared: Int32
) -> Int32 {
  // The default is for threads, and a struct in shared memory seems to be enough.
  Mutant.conditionOfThreads.isOn ? 0 : unsafe __real_pthread_condattr_setpshared(attributes, shared)
}

@c(__wrap_pthread_cond_broadcast) func broadcast(_ condition: UnsafeMutablePointer<pthread_cond_t>?) -> Int32 {
  if Mutant.signalledForBroadcast.isOn, let condition = unsafe condition { return unsafe pthread_cond_signal(condition) }
  return unsafe __real_pthread_cond_broadcast(condition)
}

@c(__wrap_pthread_condattr_setclock) func setClock(
  _ attributes: UnsafeMutablePointer<pthread_condattr_t>?, _ clock: clockid_t
) -> Int32 {
  // The default is the clock of `Date`.
  Mutant.conditionByWallClock.isOn ? 0 : unsafe __real_pthread_condattr_setclock(attributes, clock)
}

@c(__wrap_sem_init) func initialize(_ semaphore: UnsafeMutablePointer<sem_t>?, _ shared: Int32, _ value: UInt32) -> Int32 {
  // DispatchSemaphore has no such argument, so 0 looks right.
  unsafe __real_sem_init(semaphore, Mutant.semaphoreOfThreads.isOn ? 0 : shared, value)
}

@c(__wrap_sem_wait) func wait(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  var result = unsafe __real_sem_wait(semaphore)
  while result == -1, errno == EINTR, Mutant.waitRetriedAlways.isOn { result = unsafe __real_sem_wait(semaphore) }
  return result
}
