/// What becomes of the permissions that the process's umask would take away.
public enum Umask: Hashable, Sendable {
  /// They stay: what is made has exactly the permissions asked for.
  ///
  /// The umask itself is left alone, since it is that of every thread: the object is made with what it allows, and given
  /// the rest afterwards. In between it has fewer permissions than asked for, never more.
  case overridden
  /// They go, as C has it.
  case obeyed
}
