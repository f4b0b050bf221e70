internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Receives signals with values, and publishes its process ID in a file.
struct SignalReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal_receiver",
    abstract: "Receives signals with values, and publishes its process ID in a file.")

  @Option(help: "The file for this process's ID.")
  var pidFile = "/tmp/my_signal.pid"

  @Option(help: "The signal, as an offset from SIGRTMIN.")
  var signal = RealTimeSignal.first

  @Option(help: "The number of signals to receive.")
  var count = Count(1)

  @Option(help: "The number of seconds to wait for all signals.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    // Block the signal before other processes can find this one. Otherwise, the signal would kill this process.
    let signals: SignalSet = [signal.signal]
    signals.block()

    try writePID()
    do {
      try receive(signals, timeout)
    } catch {
      _ = unsafe unlink(pidFile)
      throw error
    }

    guard unsafe unlink(pidFile) == 0 else { throw Errno(rawValue: errno) }
    say("Signal Receiver: removed '\(pidFile)'.")
  }

  /// Writes the process ID to a new file.
  ///
  /// An existing file is not replaced, because it may belong to another receiver.
  private func writePID() throws {
    let file = try FileDescriptor.open(
      FilePath(pidFile), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try file.closeAfter { _ = try file.writeAll("\(ProcessID.current)\n".utf8) }
  }

  private func receive(_ signals: SignalSet, _ timeout: Timeout) throws {
    say("Signal Receiver: waiting for SIGRTMIN+\(signal.offset), process in '\(pidFile)'.")
    for _ in 1...count.value {
      let received = try signals.wait(timeout: timeout)
      say(
        "Signal Receiver: received SIGRTMIN+\(signal.offset) with value \(received.value) from process "
          + "\(received.process ?? 0).")
    }
  }
}
