internal import Glibc

/// Keeps `SIGPIPE` away from a thread that writes, so that a broken pipe is a result and not its death.
enum BrokenPipe {
  /// Performs a `write` of `size` bytes with the signal blocked.
  ///
  /// It is raised by a write that finds nobody who reads, and also by one whose last reader goes while it waits to write the
  /// rest: that one returns how much it has written.
  static func contained(_ size: Int, _ write: () throws(IPCError) -> WriteResult) throws(IPCError) -> WriteResult {
    try ThreadSignal.contained(SIGPIPE, write) { $0.count < size }
  }
}
