internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives an open file from another process, and reads it.
struct FDReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fd_receiver", abstract: "Receives an open file from another process, and reads it.")

  @Option(help: "The socket path.")
  var path = "/tmp/fd_passing.sock"

  @Option(help: "The number of files to receive.")
  var count = Count(1)

  @Option(help: "The socket's permissions.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for all senders together.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let timeout = Timeout(timeout)

    // The path is created with these permissions.
    let listener = try UnixSocket.StreamListener(at: address, permissions: mode.permissions)
    do {
      try receive(listener, timeout)
    } catch {
      try? address.unlink()
      throw error
    }
    try listener.close()

    try address.unlink()
    say("FD Receiver: removed '\(path)'.")
  }

  private func receive(_ listener: borrowing UnixSocket.StreamListener, _ timeout: Timeout) throws {
    say("FD Receiver: listening at '\(path)'.")
    for _ in 1...count.value {
      let client = try listener.accept(timeout: timeout)
      // The two bytes that accompany the descriptor are discarded. It is an error if a message has no descriptor or
      // several.
      let file = try client.receiveDescriptor(payloadLength: 2, timeout: timeout)
      let bytes = try readStart(file.descriptor)
      try file.close()
      // Closing the connection informs the sender that the file has been read.
      try client.close()
      say("FD Receiver: read '\(visible(bytes))' (\(bytes.count) bytes).")
    }
  }

  /// Reads the first page of the file.
  ///
  /// A descriptor can be of any kind. Only reading a regular file is certain not to block.
  private func readStart(_ file: FileDescriptor) throws -> [UInt8] {
    guard try FileStatus(of: file).isRegularFile else {
      report("fd_receiver", "fstat descriptor \(file.rawValue)", .operationNotSupportedByDevice)
      throw ExitCode.failure
    }
    var bytes = [UInt8](repeating: 0, count: 4096)
    var total = 0
    while total < bytes.count {
      let count = try unsafe bytes.withUnsafeMutableBytes {
        try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[total...]))
      }
      if count == 0 { break }
      total += count
    }
    return Array(bytes[..<total])
  }
}
