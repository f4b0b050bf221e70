import Glibc
import Synchronization

/// A Ctrl-C, or a SIGTERM: the cells that run are finished with, and what has run is reported.
public enum Interruption {
  private static let flag = Atomic(false)

  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// From now on the two signals ask the run to end. A second one ends the process at once; the sandboxes follow it.
  public static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.flag.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }
}
