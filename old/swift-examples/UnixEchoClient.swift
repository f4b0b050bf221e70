internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a message to a server, and hears it back.
struct UnixEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unix_echo_client", abstract: "Sends a message to a server, and hears it back.")

  @Option(help: "The path of the socket.")
  var path = "/tmp/my_socket"

  @Option(help: "What to send.")
  var message = "Hello from Unix echo client!"

  @Option(help: "How many seconds to wait for the answer.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let patience = Patience(timeout)

    let server = try UnixSocket.Stream()
    switch try server.connect(to: address, patience: patience) {
    case .connected: say("Unix Echo Client: connected to '\(path)'.")
    case .refused: throw IPCError(call: "connect", errno: .connectionRefused, object: .path(FilePath(path)))
    case .wouldBlock, .timedOut: throw IPCError(call: "connect", errno: .timedOut, object: .path(FilePath(path)))
    }

    // Then sends no more, so that the server knows where the message ends, and still receives.
    let bytes = Array(message.utf8)
    switch try server.writeAll(bytes.span, patience: patience) {
    case .wrote: break
    case .nobodyReads: throw IPCError(call: "send", errno: .brokenPipe, object: .path(FilePath(path)))
    case .wouldBlock, .timedOut: throw IPCError(call: "send", errno: .timedOut, object: .path(FilePath(path)))
    }
    try server.shutDown(.sending)
    say("Unix Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // To the end of file, since one read may bring only a part.
    var received: [UInt8] = []
    guard case .endOfFile = try server.readToEnd(appendingTo: &received, patience: patience) else {
      throw IPCError(call: "recv", errno: .timedOut, object: .path(FilePath(path)))
    }
    say("Unix Echo Client: received '\(visible(received))' (\(received.count) bytes).")
    try server.close()
  }
}
