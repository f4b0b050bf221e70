import CReal
import Glibc

@c(__wrap_ftruncate) func setSize(_ descriptor: Int32, _ length: off_t) -> Int32 {
  // `MemoryLayout.size(ofValue: bytes)` of an array is the size of its reference: eight bytes.
  let size = Mutant.sizeOfTheVariable.isOn && length > 0 ? off_t(MemoryLayout<[UInt8]>.size) : length
  return __real_ftruncate(descriptor, size)
}

@c(__wrap_mmap) func map(
  _ address: UnsafeMutableRawPointer?, _ length: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
  _ offset: off_t
) -> UnsafeMutableRawPointer? {
  // The code assumes the page size of another machine, 16 KiB, and rounds offsets to it.
  let start = Mutant.pagesOfAnotherMachine.isOn ? offset & ~0x3FFF : offset
  let memory = unsafe __real_mmap(address, length, protection, flags, descriptor, start)
  // A FileHandle without references closes a descriptor that is still in use.
  if Mutant.closedByOwner.isOn, descriptor >= 0 { _ = __real_close(descriptor) }
  return unsafe memory
}

@c(__wrap_sem_post) func post(_ semaphore: UnsafeMutablePointer<sem_t>?) -> Int32 {
  guard Mutant.semaphorePostedAsCopy.isOn, let semaphore = unsafe semaphore else {
    return unsafe __real_sem_post(semaphore)
  }
  // sem_t is a struct, and a struct that is loaded from memory is a copy.
  var copy = unsafe semaphore.pointee
  return unsafe __real_sem_post(&copy)
}

@c(__wrap_pthread_mutex_lock) func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>?) -> Int32 {
  // Affects only robust mutexes; the mutexes of the Swift runtime are not robust.
  guard Mutant.mutexLockedAsCopy.isOn, let mutex = unsafe mutex, unsafe mutex.pointee.__data.__kind & 16 != 0 else {
    return unsafe __real_pthread_mutex_lock(mutex)
  }
  // Each process locks its own copy.
  var copy = unsafe mutex.pointee
  return unsafe __real_pthread_mutex_lock(&copy)
}
