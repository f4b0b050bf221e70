import IPC
import SystemPackage
import Testing

/// Returns the errno with which `body` fails; nil if it succeeds.
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

/// Returns the error with which `body` fails; nil if it succeeds.
func failure(_ body: () throws -> Void) -> IPCError? {
  do {
    try body()
  } catch let error as IPCError {
    return error
  } catch {
    Issue.record(error)
  }
  return nil
}
