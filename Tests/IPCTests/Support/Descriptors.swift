import Glibc
import IPC
import SystemPackage

/// Another descriptor of the same description: for an end that has to go to another thread.
func duplicate(_ descriptor: FileDescriptor) throws -> FileDescriptor {
  try descriptor.duplicate()
}

/// Nil when nothing is open under that number.
func isCloseOnExec(_ descriptor: Int32) -> Bool? {
  let flags = fcntl(descriptor, F_GETFD)
  return flags == -1 ? nil : flags & FD_CLOEXEC != 0
}

/// Waits until the last reader of what `descriptor` writes is gone. A child that another test is starting has a copy of
/// every descriptor until its program begins.
func untilNobodyReads(_ descriptor: FileDescriptor) throws {
  try until { try Readiness.of(descriptor, for: []).contains(.error) }
}
