internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a message to an echo server, and receives the response.
struct TCPEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcp_echo_client", abstract: "Sends a message to an echo server, and receives the response.")

  @Option(help: "The server's numeric address.")
  var address = Host.loopback

  @Option(help: "The server's port.")
  var port = Port(7777)

  @Option(help: "The message to send.")
  var message = "Hello from TCP echo client!"

  @Option(help: "The number of seconds to wait for the connection and the response.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)
    let address = SocketAddress(address.address, port: port.number)

    let server = try TCP.Stream(address.address.version)
    try server.connect(to: address, timeout: timeout)
    say("TCP Echo Client: connected to '\(address)'.")

    // Shut down only the write side, so that the server sees end of file, and this process can still receive.
    let bytes = Array(message.utf8)
    try server.writeAll(bytes.span, timeout: timeout)
    try server.shutDown(.sending)
    say("TCP Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // Read to end of file, because one read may return only part of the data.
    var received: [UInt8] = []
    try server.readToEnd(appendingTo: &received, timeout: timeout)
    say("TCP Echo Client: received '\(visible(received))' (\(received.count) bytes).")
    try server.close()
  }
}
