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

  /// The process that the file names, once somebody has written it.
  private func findReceiver(_ patience: Patience) throws -> Int32 {
    // From before the first look: what is written after that look is told.
    let directory = FilePath(pidFile).removingLastComponent()
    let changes = FileDescriptor(rawValue: inotify_init1(Int32(IN_CLOEXEC)))
    guard changes.rawValue != -1 else { throw IPCError(call: "inotify_init1", errno: Errno(rawValue: errno)) }
    let watched = directory.isEmpty ? "." : directory
    guard unsafe inotify_add_watch(changes.rawValue, watched.string, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)) != -1 else {
      throw IPCError(call: "inotify_add_watch", errno: Errno(rawValue: errno), object: .path(watched))
    }

    return try changes.closeAfter {
      var events = [UInt8](repeating: 0, count: 4096)
      while true {
        if let process = try readReceiver() { return process }
        // Which file it was does not matter: another look tells.
        guard try !Readiness.of(changes, for: .readable, patience: patience).isEmpty else {
          throw IPCError(call: "open", errno: .timedOut, object: .path(FilePath(pidFile)))
        }
        do {
          _ = try unsafe events.withUnsafeMutableBytes { try unsafe changes.read(into: $0) }
        } catch let reason as Errno {
          throw IPCError(call: "read", errno: reason, object: .path(watched))
        }
      }
    }
  }

  /// The process that the file names; nil when there is none yet, or it is not complete.
  private func readReceiver() throws -> Int32? {
    do {
      let file = try FileDescriptor.open(FilePath(pidFile), .readOnly, options: .closeOnExec)
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = try file.closeAfter { try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) } }
      let line = String(decoding: bytes[..<count], as: UTF8.self)
      guard line.hasSuffix("\n") else { return nil }
      guard let process = Int32(line.dropLast()), process > 0 else {
        throw IPCError(call: "read", errno: .invalidArgument, object: .path(FilePath(pidFile)))
      }
      return process
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch let reason as Errno {
      throw IPCError(call: "open", errno: reason, object: .path(FilePath(pidFile)))
    }
  }
}
