import CIPC
import CReal
import Glibc

/// Whether this process has started a child.
nonisolated(unsafe) var hasSpawned = false

@c(__wrap_cipc_spawn) func spawn(
  _ process: UnsafeMutablePointer<Int32>?, _ program: UnsafePointer<CChar>?,
  _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?,
  _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>?,
  _ directory: Int32, _ from: UnsafePointer<Int32>?, _ to: UnsafePointer<Int32>?, _ count: Int, _ group: Int32,
  _ mask: UInt64
) -> Int32 {
  unsafe hasSpawned = true
  // argv does not contain the program name, as in Foundation's `Process.arguments`.
  let list = unsafe Mutant.argumentsWithoutProgram.isOn ? arguments.map { unsafe $0 + 1 } : arguments
  return unsafe __real_cipc_spawn(process, program, list, environment, directory, from, to, count, group, mask)
}

@c(__wrap_cipc_wait) func wait(
  _ process: Int32, _ status: UnsafeMutablePointer<Int32>?, _ signal: UnsafeMutablePointer<Int32>?
) -> Int32 {
  let result = unsafe __real_cipc_wait(process, status, signal)
  // The exit status is discarded, as with `_ = try process.wait()`.
  if Mutant.childResultDiscarded.isOn {
    unsafe status?.pointee = 0
    unsafe signal?.pointee = 0
  }
  // The raw wait status is reported, because the macro WEXITSTATUS is not imported.
  if Mutant.exitStatusShifted.isOn, let status = unsafe status, unsafe status.pointee > 0 {
    unsafe status.pointee = unsafe (status.pointee << 8) & 0xFF
  }
  return result
}

@c(__wrap_cipc_pidfd_getfd) func duplicateOfProcess(_ process: Int32, _ number: Int32) -> Int32 {
  // The parameter for the descriptor number has the default value 0, and the caller does not pass one.
  __real_cipc_pidfd_getfd(process, Mutant.descriptorDefaulted.isOn ? 0 : number)
}

@c(__wrap_cipc_pidfd_wait) func waitForChange(
  _ process: Int32, _ changes: Int32, _ now: Int32, _ keeping: Int32, _ status: UnsafeMutablePointer<Int32>?,
  _ signal: UnsafeMutablePointer<Int32>?
) -> Int32 {
  // The call consumes the state change, even if the caller asked to keep it.
  unsafe __real_cipc_pidfd_wait(process, changes, now, Mutant.changeNotKept.isOn ? 0 : keeping, status, signal)
}

@c(__wrap_cipc_close_range) func closeRange(_ first: UInt32, _ last: UInt32, _ flags: Int32) -> Int32 {
  // The range is `first..<last`, which excludes the last descriptor.
  let last = Mutant.rangeHalfOpen.isOn && last > first ? last - 1 : last
  // The last number is stored in an Int32, in which the largest number becomes -1.
  if Mutant.rangeOfInt32.isOn, Int32(bitPattern: last) < Int32(bitPattern: first) {
    errno = EINVAL
    return -1
  }
  return __real_cipc_close_range(first, last, Mutant.rangeFlagDefaulted.isOn ? 0 : flags)
}
