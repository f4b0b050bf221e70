internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Sends signals with a value to the process that a file names.
struct SignalSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal_sender", abstract: "Sends signals with a value to the process that a file names.")

  @Option(help: "Where the receiver says which process it is.")
  var pidFile = "/tmp/my_signal.pid"

  @Option(help: "How far above SIGRTMIN the signal is.")
  var signal = RealTimeSignal.first

  @Option(parsing: .unconditional, help: "What is sent along.")
  var value: Int32 = 42

  @Option(help: "How often it is sent.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for the receiver, and for room in its queue.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    say("Signal Sender: looking for '\(pidFile)'.")
    let process = try findReceiver(patience)
    for _ in 1...count.value {
      guard try signal.signal.queue(value: value, to: process, patience: patience) == .queued else {
        throw IPCError(call: "sigqueue", errno: .timedOut, object: .process(process))
      }
      say("Signal Sender: sent SIGRTMIN+\(signal.offset) with value \(value) to process \(process).")
    }
  }

  /// The process that the file names, once it is there and complete: nothing that the receiver does would wake this one,
  /// so it looks again a little later.
  private func findReceiver(_ patience: Patience) throws -> Int32 {
    while true {
      if let line = try readPID(), line.hasSuffix("\n") {
        guard let process = Int32(line.dropLast()), process > 0 else {
          throw IPCError(call: "read", errno: .invalidArgument, object: .path(FilePath(pidFile)))
        }
        return process
      }
      if case .until(let deadline) = patience, deadline.hasPassed {
        throw IPCError(call: "open", errno: .timedOut, object: .path(FilePath(pidFile)))
      }
      usleep(1000)
    }
  }

  /// What is in the file; nil when there is none.
  private func readPID() throws -> String? {
    do {
      let file = try FileDescriptor.open(FilePath(pidFile), .readOnly, options: .closeOnExec)
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = try file.closeAfter { try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) } }
      return String(decoding: bytes[..<count], as: UTF8.self)
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch let reason as Errno {
      throw IPCError(call: "open", errno: reason, object: .path(FilePath(pidFile)))
    }
  }
}
