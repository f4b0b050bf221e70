import IPC
import SystemPackage
import Testing

/// The errno with which `body` fails; nil if it succeeds.
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

/// The error with which `body` fails; nil if it succeeds.
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
