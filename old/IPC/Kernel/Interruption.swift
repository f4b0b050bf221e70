/// What becomes of a call that waits when a signal handler has run in its thread.
///
/// A handler installed with `SA_RESTART` lets most calls go on waiting by themselves; this decides for the others.
public enum Interruption: Hashable, Sendable {
  /// The call waits on. Its deadline stays where it was.
  case retry

  /// The call throws ``IPCError`` with `Errno.interrupted`, which nothing else throws. What it had transferred until
  /// then is in ``IPCError/transferred``.
  case report
}
