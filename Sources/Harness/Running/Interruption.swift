import Glibc
import Synchronization

/// Handles Ctrl-C, Ctrl-\ and SIGTERM: the running cells are finished, and the results so far are reported.
public enum Interruption {
  private static let flag = Atomic(false)

  /// Whether a signal has asked the run to end.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Installs handlers for SIGINT, SIGQUIT and SIGTERM that end the run.
  ///
  /// They are unblocked, because a thread that blocks them passes its mask to processes that it starts. A signal that
  /// this process was started to ignore, as by `nohup` or `&`, stays ignored.
  public static func listen() {
    var heard = sigset_t()
    unsafe sigemptyset(&heard)
    for number in [SIGINT, SIGQUIT, SIGTERM] where !isIgnored(number) {
      signal(number) { number in
        if Interruption.flag.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
      unsafe sigaddset(&heard, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    unsafe sigaction(number, nil, &action)
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
