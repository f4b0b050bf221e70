import Foundation
import IPC

/// Records the values that arrive with a signal, in order.
///
/// The signal handler writes them to a pipe.
struct SignalRecorder {
  init(by signal: Int32) throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
    unsafe (recorderReader, recorderWriter) = (ends[0], ends[1])
    var action = sigaction()
    action.sa_flags = SA_SIGINFO
    unsafe action.__sigaction_handler.sa_sigaction = { _, info, _ in
      var value = unsafe info?.pointee._sifields._rt.si_sigval.sival_int ?? -1
      _ = unsafe write(recorderWriter, &value, 4)
    }
    guard unsafe sigaction(signal, &action, nil) == 0 else { throw POSIXError(.EINVAL) }
  }

  /// Waits for the next signal, and returns its value.
  func next() throws -> Int32 {
    var value: Int32 = 0
    while unsafe read(recorderReader, &value, 4) != 4 { guard errno == EINTR else { throw POSIXError(.EIO) } }
    return value
  }

  /// Whether no further signal has arrived.
  var isSilent: Bool {
    var entry = unsafe pollfd(fd: recorderReader, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 0
  }
}

nonisolated(unsafe) private var recorderReader: Int32 = -1
nonisolated(unsafe) private var recorderWriter: Int32 = -1

/// Sends signals repeatedly to the thread that created this value.
///
/// A single signal could arrive before the call, and would then have no effect.
struct Interruptions {
  private let thread: Thread

  init() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    _ = unsafe sigaction(SIGUSR1, &action, nil)
    // Unblock the signal, because test threads block it.
    var signals = sigset_t()
    _ = unsafe sigaddset(&signals, SIGUSR1)
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    let target = pthread_self()
    thread = Thread {
      while !Thread.current.isCancelled {
        pthread_kill(target, SIGUSR1)
        sched_yield()
      }
    }
    thread.start()
  }

  func end() { thread.cancel() }
}
