import CReal
import Glibc

@c(__wrap_ftruncate) func setSize(_ descriptor: Int32, _ length: off_t) -> Int32 {
  // `MemoryLayout.size(ofValue: bytes)` of an array: its variable has eight bytes, whatever is in it.
  let size = Mutant.sizeOfTheVariable.isOn && length > 0 ? off_t(MemoryLayout<[UInt8]>.size) : length
  return __real_ftruncate(descriptor, size)
}

@c(__wrap_mmap) func map(
  _ address: UnsafeMutableRawPointer?, _ length: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
  _ offset: off_t
) -> UnsafeMutableRawPointer? {
  // Pages have 16 KiB where the porter comes from, and an offset is rounded to one.
  let start = Mutant.pagesOfAnotherMachine.isOn ? offset & ~0x3FFF : offset
  let memory = unsafe __real_mmap(address, length, protection, flags, descriptor, start)
  // A FileHandle closes its descriptor when it is released, and others refer to that.
  if Mutant.closedByOwner.isOn, descriptor >= 0 { _ = __real_close(descriptor) }
  return unsafe memory
}

@c(__wrap_sem_post) func post(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  guard Mutant.semaphorePostedAsCopy.isOn, let semaphore = unsafe semaphore else {
    return unsafe __real_sem_post(semaphore)
  }
  // sem_t is a struct, and a struct that is taken out of memory is a copy.
  var copy = unsafe semaphore.pointee
  return unsafe __real_sem_post(&copy)
}

@c(__wrap_pthread_mutex_lock) func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  // The runtime has mutexes as well; the shared ones are robust.
  guard Mutant.mutexLockedAsCopy.isOn, let mutex = unsafe mutex, unsafe mutex.pointee.__data.__kind & 16 != 0 else {
    return unsafe __real_pthread_mutex_lock(mutex)
  }
  // The mutex is copied: every process locks its own.
  var copy = unsafe mutex.pointee
  return unsafe __real_pthread_mutex_lock(&copy)
}
