internal import Glibc

/// Keeps `SIGPIPE` away from a thread that writes, so that a broken pipe is a result and not its death.
enum BrokenPipe {
  /// Performs `write` with the signal blocked. What it returns as `.nobodyReads` raised the signal.
  static func contained(_ write: () throws(IPCError) -> WriteResult) throws(IPCError) -> WriteResult {
    try ThreadSignal.contained(SIGPIPE, write) { if case .nobodyReads = $0 { true } else { false } }
  }
}
