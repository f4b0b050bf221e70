internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Receives signals with their values, and says by a file which process it is.
struct SignalReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal_receiver",
    abstract: "Receives signals with their values, and says by a file which process it is.")

  @Option(help: "Where senders find this process.")
  var pidFile = "/tmp/my_signal.pid"

  @Option(help: "How far above SIGRTMIN the signal is.")
  var signal = RealTimeSignal.first

  @Option(help: "How many signals to receive.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for them.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    // Before anybody can find this process: a signal that is not blocked would end it.
    try SignalSet([signal.signal]).whileBlocked {
      try writePID()
      do {
        try receive(signal, patience)
      } catch {
        _ = unsafe unlink(pidFile)
        throw error
      }

      guard unsafe unlink(pidFile) == 0 else {
        throw IPCError(call: "unlink", errno: Errno(rawValue: errno), object: .path(FilePath(pidFile)))
      }
      say("Signal Receiver: removed '\(pidFile)'.")
    }
  }

  /// A file that is there may be another receiver's, and is left to it.
  private func writePID() throws {
    do {
      let file = try FileDescriptor.open(
        FilePath(pidFile), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll("\(getpid())\n".utf8) }
    } catch let reason as Errno {
      throw IPCError(call: "open", errno: reason, object: .path(FilePath(pidFile)))
    }
  }

  private func receive(_ signal: RealTimeSignal, _ patience: Patience) throws {
    say("Signal Receiver: waiting for SIGRTMIN+\(signal.offset), as '\(pidFile)' tells.")
    let signals: SignalSet = [signal.signal]
    for _ in 1...count.value {
      guard case .received(let received) = try signals.wait(patience: patience) else {
        throw IPCError(call: "sigtimedwait", errno: .timedOut)
      }
      say(
        "Signal Receiver: received SIGRTMIN+\(signal.offset) with value \(received.value) from process "
          + "\(received.process).")
    }
  }
}
