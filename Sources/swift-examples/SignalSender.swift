internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Sends signals with a value to a process, and reads the process's ID from a file.
struct SignalSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signal_sender",
    abstract: "Sends signals with a value to a process, and reads the process's ID from a file.")

  @Option(help: "The file that contains the receiver's process ID.")
  var pidFile = "/tmp/my_signal.pid"

  @Option(help: "The signal, as an offset from SIGRTMIN.")
  var signal = RealTimeSignal.first

  @Option(parsing: .unconditional, help: "The value to send.")
  var value: Int32 = 42

  @Option(help: "The number of times to send the signal.")
  var count = Count(1)

  @Option(help: "The number of seconds to wait for the receiver and for room in its queue.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    say("Signal Sender: looking for '\(pidFile)'.")
    let process = try findReceiver(timeout)
    for _ in 1...count.value {
      try signal.signal.queue(value: value, to: process, timeout: timeout)
      say("Signal Sender: sent SIGRTMIN+\(signal.offset) with value \(value) to process \(process).")
    }
  }

  /// Waits until the file contains a process ID.
  private func findReceiver(_ timeout: Timeout) throws -> ProcessID {
    // Add the watch before the first read. Otherwise, a write between the read and the watch would be missed.
    let directory = FilePath(pidFile).removingLastComponent()
    let inotify = FileDescriptor(rawValue: inotify_init1(Int32(IN_CLOEXEC)))
    let changes = OwnedDescriptor(taking: inotify)
    let watched = directory.isEmpty ? "." : directory.string
    guard
      unsafe inotify_add_watch(inotify.rawValue, watched, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)) != -1
    else { throw Errno(rawValue: errno) }

    var events = [UInt8](repeating: 0, count: 4096)
    while true {
      if let process = try readReceiver() { return process }
      // Any file in the directory may have changed, so try to read the file again.
      try changes.wait(for: .readable, timeout: timeout)
      _ = try unsafe events.withUnsafeMutableBytes { try unsafe inotify.read(into: $0) }
    }
  }

  /// Returns the process ID in the file, or nil if there is no complete file yet.
  private func readReceiver() throws -> ProcessID? {
    do {
      let file = try FileDescriptor.open(FilePath(pidFile), .readOnly, options: .closeOnExec)
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = try file.closeAfter { try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) } }
      let line = String(decoding: bytes[..<count], as: UTF8.self)
      guard line.hasSuffix("\n") else { return nil }
      guard let number = Int32(line.dropLast()), number > 0 else { throw Errno.invalidArgument }
      return ProcessID(rawValue: number)
    } catch Errno.noSuchFileOrDirectory {
      return nil
    }
  }
}
