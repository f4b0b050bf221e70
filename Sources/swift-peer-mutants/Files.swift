import CIPC
import CReal
import Glibc

@c(__wrap_unlink) func unlink(_ path: UnsafePointer<CChar>?) -> Int32 {
  isSkipped ? 0 : unsafe __real_unlink(path)
}

@c(__wrap_flock) func lockFile(_ descriptor: Int32, _ operation: Int32) -> Int32 {
  // The log is not locked, so another server can use it at the same time.
  Mutant.logNotLocked.isOn ? 0 : __real_flock(descriptor, operation)
}

@c(__wrap_cipc_open_beneath) func openBeneath(
  _ directory: Int32, _ path: UnsafePointer<CChar>?, _ flags: Int32, _ mode: UInt32
) -> Int32 {
  guard Mutant.pathsOpenedAnywhere.isOn, let path = unsafe path else {
    return unsafe __real_cipc_open_beneath(directory, path, flags, mode)
  }
  // The code uses `FileManager`, which follows links, and `appending(path:)`, which keeps `..`.
  return unsafe openat(directory, path, flags, mode_t(mode))
}

@c(__wrap_cipc_mq_unlink) func mqUnlink(_ name: UnsafePointer<CChar>?) -> Int32 {
  let result = unsafe __real_cipc_mq_unlink(name)
  // `try?` hides the error if the name does not exist.
  return Mutant.removalByTry.isOn ? 0 : result
}

/// Whether a call in this program has failed, after which the program only cleans up.
nonisolated(unsafe) var hasFailed = false

/// Whether the program skips the removal of objects, because exit(3) runs neither `defer` nor `deinit`.
private var isSkipped: Bool { unsafe hasFailed && Mutant.exitSkipsDefer.isOn }

@c(__wrap_exit) func exitProgram(_ status: Int32) -> Never {
  // The program prints the error and exits with status 0.
  __real_exit(Mutant.errorExitsWithZero.isOn ? 0 : status)
}

@c(__wrap_cipc_splice) func splice(
  _ source: Int32, _ sourceOffset: UnsafePointer<Int64>?, _ target: Int32, _ targetOffset: UnsafePointer<Int64>?,
  _ count: Int, _ now: Int32
) -> Int {
  // The offsets are not passed to splice(2).
  let isLost = Mutant.spliceOffsetLost.isOn
  return unsafe __real_cipc_splice(
    source, isLost ? nil : sourceOffset, target, isLost ? nil : targetOffset, count, now)
}

@c(__wrap_lseek) func seek(_ descriptor: Int32, _ offset: off_t, _ origin: Int32) -> off_t {
  // The offset is stored in an Int32.
  __real_lseek(descriptor, Mutant.seekOfInt32.isOn ? off_t(Int32(truncatingIfNeeded: offset)) : offset, origin)
}
