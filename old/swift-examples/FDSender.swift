internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Passes an open file to another process.
struct FDSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fd_sender", abstract: "Passes an open file to another process.")

  @Option(help: "The path of the socket.")
  var path = "/tmp/fd_passing.sock"

  @Option(help: "What to open, and pass.")
  var file = "/etc/hosts"

  @Option(help: "How many seconds to wait for room.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let patience = Patience(timeout)

    // It is this process that needs the right to open it, and the receiver that uses it.
    let opened: FileDescriptor
    do {
      opened = try FileDescriptor.open(FilePath(file), .readOnly, options: .closeOnExec)
    } catch let reason as Errno {
      throw IPCError(call: "open", errno: reason, object: .path(FilePath(file)))
    }

    let server = try UnixSocket.Stream()
    switch try server.connect(to: address, patience: patience) {
    case .connected: say("FD Sender: connected to '\(path)'.")
    case .refused: throw IPCError(call: "connect", errno: .connectionRefused, object: .path(FilePath(path)))
    case .wouldBlock, .timedOut: throw IPCError(call: "connect", errno: .timedOut, object: .path(FilePath(path)))
    }

    // What is on its way is open, though this process closes it and ends.
    try pass(opened, to: server, patience)
    say("FD Sender: passed '\(file)'.")
    try? opened.close()
    try server.close()
  }

  /// Two bytes travel with it: a stream carries no descriptor without one.
  private func pass(
    _ descriptor: FileDescriptor, to server: borrowing UnixSocket.Stream, _ patience: Patience
  ) throws {
    // The control message, its header and its padding are the library's.
    let bytes = Array("FD".utf8)
    switch try unsafe server.send(bytes.span.bytes, enclosing: [descriptor].span, patience: patience) {
    case .sent: break
    case .nobodyReads: throw IPCError(call: "sendmsg", errno: .brokenPipe, object: .path(FilePath(path)))
    case .wouldBlock, .timedOut: throw IPCError(call: "sendmsg", errno: .timedOut, object: .path(FilePath(path)))
    }
  }
}
