import Glibc
import IPC
import SystemPackage

/// Returns another descriptor for the same open file description, to pass to another thread.
func duplicate(_ descriptor: FileDescriptor) throws -> FileDescriptor {
  try descriptor.duplicate()
}

/// Whether a descriptor is close-on-exec; nil if it is not open.
func isCloseOnExec(_ descriptor: Int32) -> Bool? {
  let flags = fcntl(descriptor, F_GETFD)
  return flags == -1 ? nil : flags & FD_CLOEXEC != 0
}

/// Waits until all readers of a pipe are closed.
///
/// A child that another test starts has a copy of every descriptor until it executes its program.
func waitUntilReadersAreGone(_ writer: borrowing some DescriptorRepresentable & ~Copyable) throws {
  try writer.wait(for: [])
}

/// Returns the current readiness of a descriptor.
func readiness(
  of owner: borrowing some DescriptorRepresentable & ~Copyable, for events: Readiness
) throws -> Readiness {
  do throws(IPCError) {
    return try owner.wait(for: events, timeout: .immediate)
  } catch  where error.errno == .wouldBlock {
    return []
  }
}
