import CIPC
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
  // The page size of another machine, 16 KiB, to which offsets are rounded.
  let start = Mutant.pagesOfAnotherMachine.isOn ? offset & ~0x3FFF : offset
  // `Data(contentsOf:options: .alwaysMapped)` maps privately.
  let isPrivate = Mutant.mappedAsData.isOn && descriptor >= 0
  let kind = isPrivate ? flags & ~MAP_SHARED | MAP_PRIVATE : flags
  let memory = unsafe __real_mmap(address, length, protection, kind, descriptor, start)
  // A FileHandle that nothing refers to any more closes a descriptor that is still in use.
  if Mutant.closedByOwner.isOn, descriptor >= 0 { _ = __real_close(descriptor) }
  return unsafe memory
}

@c(__wrap_munmap) func unmap(_ address: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
  // A closure that is kept somewhere retains the mapping.
  Mutant.mappingRetained.isOn ? 0 : unsafe __real_munmap(address, length)
}

@c(__wrap_cipc_process_vm_write) func storeInto(
  _ to: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer?, _ count: Int
) -> Int {
  // `var bytes = Array(UnsafeRawBufferPointer(...))`, and only the array changes.
  Mutant.storedInACopy.isOn ? count : unsafe __real_cipc_process_vm_write(to, from, count)
}

@c(__wrap_shm_open) func openShared(_ name: UnsafePointer<CChar>?, _ flags: Int32, _ mode: mode_t) -> Int32 {
  // `[.create, .truncate]`, as for a file that is written anew.
  unsafe __real_shm_open(name, Mutant.openedTruncating.isOn ? flags | O_TRUNC : flags, mode)
}

@c(__wrap_cipc_memfd_create) func createMemory(_ name: UnsafePointer<CChar>?, _ flags: UInt32) -> Int32 {
  unsafe __real_cipc_memfd_create(name, Mutant.memfdInherited.isOn ? flags & ~UInt32(CIPC_MFD_CLOEXEC) : flags)
}

@c(__wrap_cipc_fallocate) func reserve(_ descriptor: Int32, _ offset: Int64, _ length: Int64) -> Int32 {
  // FileHandle has `truncate(atOffset:)`, and no call that reserves.
  if Mutant.spaceNotReserved.isOn { return __real_ftruncate(descriptor, off_t(offset + length)) }
  return __real_cipc_fallocate(descriptor, offset, length)
}
