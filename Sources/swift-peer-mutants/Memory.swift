import CIPC
import CReal
import Glibc

@c(__wrap_ftruncate) func setSize(_ descriptor: Int32, _ length: off_t) -> Int32 {
  // With `lengthOfUInt32`, the upper half of the length is lost. With `sizeOfTheVariable`, the length is 8, the size of
  // the reference in the array variable: `MemoryLayout.size(ofValue: bytes)`.
  if Mutant.lengthOfUInt32.isOn { return __real_ftruncate(descriptor, off_t(UInt32(truncatingIfNeeded: length))) }
  let size = Mutant.sizeOfTheVariable.isOn && length > 0 ? off_t(MemoryLayout<[UInt8]>.size) : length
  return __real_ftruncate(descriptor, size)
}

@c(__wrap_mmap) func map(
  _ address: UnsafeMutableRawPointer?, _ length: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
  _ offset: off_t
) -> UnsafeMutableRawPointer? {
  // The code assumes a page size of 16 KiB, which another machine has, and rounds offsets to it.
  var start = Mutant.pagesOfAnotherMachine.isOn ? offset & ~0x3FFF : offset
  if Mutant.mapOffsetOfUInt32.isOn { start = off_t(UInt32(truncatingIfNeeded: offset)) }
  // The default options create a private mapping instead of a shared one.
  var flags = flags
  if Mutant.privateByDefault.isOn, descriptor >= 0 {
    flags = flags & ~MAP_SHARED | MAP_PRIVATE
  }
  let memory = unsafe __real_mmap(address, length, protection, flags, descriptor, start)
  // A child does not inherit the mapping.
  if Mutant.mappingNotInherited.isOn, descriptor >= 0 { _ = unsafe madvise(memory, length, MADV_DONTFORK) }
  // The last reference to the FileHandle is gone, so the FileHandle closes a descriptor that is still in use.
  if Mutant.closedByOwner.isOn, descriptor >= 0 { _ = __real_close(descriptor) }
  return unsafe memory
}

@c(__wrap_munmap) func unmap(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // The class that owns the mapping has no `deinit`, so the memory is never unmapped.
  Mutant.mappingWithoutDeinit.isOn ? 0 : unsafe __real_munmap(address, length)
}

@c(__wrap_cipc_mremap) func remap(
  _ address: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ length: Int, _ newLength: Int
) -> Int32 {
  guard Mutant.remappedAsCopy.isOn, var copy = unsafe address?.pointee else {
    return unsafe __real_cipc_mremap(address, length, newLength)
  }
  // The new address is stored only in a copy of the struct, and the original keeps the old address.
  var moved: UnsafeMutableRawPointer? = unsafe copy
  let result = unsafe __real_cipc_mremap(&moved, length, newLength)
  unsafe copy = unsafe moved ?? copy
  return result
}

@c(__wrap_mlock) func lockPages(_ address: UnsafeRawPointer?, _ length: Int) -> Int32 {
  let result = unsafe __real_mlock(address, length)
  // `try?` discards the error.
  return Mutant.lockTried.isOn ? 0 : result
}

@c(__wrap_cipc_memfd_create) func memfd(_ label: UnsafePointer<CChar>?, _ flags: UInt32) -> Int32 {
  // The options default to an empty set, without MFD_ALLOW_SEALING.
  var asked = Mutant.sealingByDefault.isOn ? flags & ~UInt32(CIPC_MFD_ALLOW_SEALING) : flags
  if Mutant.memfdInherited.isOn { asked &= ~UInt32(CIPC_MFD_CLOEXEC) }
  return unsafe __real_cipc_memfd_create(label, asked)
}

@c(__wrap_fstat) func fileStatus(_ descriptor: Int32, _ status: UnsafeMutablePointer<stat>?) -> Int32 {
  let result = unsafe __real_fstat(descriptor, status)
  if Mutant.sizeOfInt32.isOn, result == 0, let status = unsafe status {
    unsafe status.pointee.st_size = unsafe Int(Int32(truncatingIfNeeded: status.pointee.st_size))
  }
  return result
}

@c(__wrap_pread) func readAt(
  _ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ offset: off_t
) -> Int {
  unsafe __real_pread(
    descriptor, room, count, Mutant.readOffsetOfUInt32.isOn ? off_t(UInt32(truncatingIfNeeded: offset)) : offset)
}

@c(__wrap_pwrite) func writeAt(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ offset: off_t
) -> Int {
  // When the reply is sent, the records have not been written yet.
  if Mutant.replyBeforeWritten.isOn { return count }
  return unsafe __real_pwrite(
    descriptor, bytes, count, Mutant.writeOffsetOfUInt32.isOn ? off_t(UInt32(truncatingIfNeeded: offset)) : offset)
}

@c(__wrap_cipc_process_vm_write) func storeInto(
  _ to: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer?, _ count: Int
) -> Int {
  // `Array(UnsafeRawBufferPointer(...))` copies the memory, so the bytes are stored only in the copy.
  Mutant.storedInACopy.isOn ? count : unsafe __real_cipc_process_vm_write(to, from, count)
}

@c(__wrap_cipc_process_vm_read) func loadFrom(
  _ to: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer?, _ count: Int
) -> Int {
  guard Mutant.fileReadInPlace.isOn, let to = unsafe to, let from = unsafe from else {
    return unsafe __real_cipc_process_vm_read(to, from, count)
  }
  // `Array(UnsafeRawBufferPointer(...))` reads the file in place, and raises SIGBUS if the file was truncated.
  unsafe to.copyMemory(from: from, byteCount: count)
  return count
}

@c(__wrap_cipc_fallocate) func reserve(_ descriptor: Int32, _ offset: Int64, _ length: Int64) -> Int32 {
  // The file is extended without allocating space, because FileHandle has only `truncate(atOffset:)`.
  if Mutant.spaceNotReserved.isOn || Mutant.fileGrownByTruncation.isOn {
    return __real_ftruncate(descriptor, off_t(offset + length))
  }
  return __real_cipc_fallocate(descriptor, offset, length)
}
