import CReal
import Glibc

// These C functions are variadic. Their third argument is declared with the size of a register, even for calls that do
// not pass it.

@c(__wrap_open) func openFile(_ path: UnsafePointer<CChar>?, _ flags: Int32, _ mode: Int) -> Int32 {
  // The code duplicates the descriptor instead of reopening the memory, so the duplicate is also writable.
  if Mutant.reopenedAsDuplicate.isOn, let path = unsafe path {
    let parts = unsafe String(cString: path).split(separator: "/")
    if parts.starts(with: ["proc", "self", "fd"]), let descriptor = Int32(parts[3]) { return dup(descriptor) }
  }
  return unsafe __real_open(path, flags, mode)
}

@c(__wrap_fchmod) func changeMode(_ descriptor: Int32, _ mode: mode_t) -> Int32 {
  // The mode is not changed, because FileManager needs a path and the memory has none.
  Mutant.segmentModeDefaulted.isOn && mode == S_IRUSR ? 0 : __real_fchmod(descriptor, mode)
}

@c(__wrap_fcntl) func control(_ descriptor: Int32, _ command: Int32, _ argument: Int) -> Int32 {
  // No seals are added, because Swift does not import the macros.
  Mutant.sealsNotImported.isOn && command == 1033 ? 0 : __real_fcntl(descriptor, command, argument)
}

@c(__wrap_ioctl) func controlDevice(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutablePointer<Int32>?)
  -> Int32
{
  let result = unsafe __real_ioctl(descriptor, request, argument)
  // The ioctl stores the number in a copy of the variable, so the caller sees 0.
  if Mutant.unreadBytesOfCopy.isOn, request == UInt(TIOCOUTQ) { unsafe argument?.pointee = 0 }
  return result
}
