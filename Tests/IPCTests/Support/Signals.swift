import Foundation
import IPC

/// The values that came with a signal, in order. A handler can do little more than write into a pipe.
struct Told {
  init(by signal: Int32) throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
    unsafe (toldReader, toldWriter) = (ends[0], ends[1])
    var action = sigaction()
    action.sa_flags = SA_SIGINFO
    unsafe action.__sigaction_handler.sa_sigaction = { _, info, _ in
      var value = unsafe info?.pointee._sifields._rt.si_sigval.sival_int ?? -1
      _ = unsafe write(toldWriter, &value, 4)
    }
    guard unsafe sigaction(signal, &action, nil) == 0 else { throw POSIXError(.EINVAL) }
  }

  /// The value that came with the next signal, which is waited for.
  func next() throws -> Int32 {
    var value: Int32 = 0
    while unsafe read(toldReader, &value, 4) != 4 { guard errno == EINTR else { throw POSIXError(.EIO) } }
    return value
  }

  /// Whether no signal has come that was not asked for yet.
  var isSilent: Bool {
    var entry = unsafe pollfd(fd: toldReader, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 0
  }
}

nonisolated(unsafe) private var toldReader: Int32 = -1
nonisolated(unsafe) private var toldWriter: Int32 = -1

/// Interrupts the thread that made it, again and again until told to end: a signal that comes before the call that it is
/// meant for interrupts nothing.
struct Nagging {
  private let thread: Thread

  init() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    _ = unsafe sigaction(SIGUSR1, &action, nil)
    // The threads that tests run in have it blocked.
    var signals = sigset_t()
    _ = unsafe sigaddset(&signals, SIGUSR1)
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    let victim = pthread_self()
    thread = Thread {
      while !Thread.current.isCancelled {
        pthread_kill(victim, SIGUSR1)
        sched_yield()
      }
    }
    thread.start()
  }

  func end() { thread.cancel() }
}
