internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a message to an echo server, and receives the response.
struct UnixEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unix_echo_client", abstract: "Sends a message to an echo server, and receives the response.")

  @Option(help: "The socket path.")
  var path = "/tmp/my_socket"

  @Option(help: "The message to send.")
  var message = "Hello from Unix echo client!"

  @Option(help: "The number of seconds to wait for the response.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let timeout = Timeout(timeout)

    let server = try UnixSocket.Stream()
    try server.connect(to: address, timeout: timeout)
    say("Unix Echo Client: connected to '\(path)'.")

    // Shut down only the write side, so that the server sees end of file, and this process can still receive.
    let bytes = Array(message.utf8)
    try server.writeAll(bytes.span, timeout: timeout)
    try server.shutDown(.sending)
    say("Unix Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // Read to end of file, because one read may return only part of the data.
    var received: [UInt8] = []
    try server.readToEnd(appendingTo: &received, timeout: timeout)
    say("Unix Echo Client: received '\(visible(received))' (\(received.count) bytes).")
    try server.close()
  }
}
