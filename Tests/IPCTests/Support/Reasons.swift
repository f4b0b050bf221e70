import IPC
import SystemPackage
import Testing

/// Why the kernel refused what `body` does; nil when it did not.
func reason(_ body: () throws -> Void) -> Errno? {
  do {
    try body()
  } catch let error as IPCError {
    return error.errno
  } catch {
    Issue.record(error)
  }
  return nil
}
