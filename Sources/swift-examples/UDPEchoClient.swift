internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a datagram to an echo server, and receives the response.
struct UDPEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udp_echo_client", abstract: "Sends a datagram to an echo server, and receives the response.")

  @Option(help: "The server's numeric address.")
  var address = Host.loopback

  @Option(help: "The server's port.")
  var port = Port(7777)

  @Option(help: "The message to send.")
  var message = "Hello from UDP echo client!"

  @Option(help: "The number of seconds to wait for the response.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)
    let address = SocketAddress(address.address, port: port.number)

    let server = try UDP.Socket(address.address.version)
    // A connected socket receives datagrams only from the server, and reports an error if no socket is bound to the
    // server's address.
    try server.connect(to: address)

    let bytes = Array(message.utf8)
    try server.send(bytes.span, timeout: timeout)
    say("UDP Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // A datagram arrives as a whole or not at all. A lost datagram is not reported, so the program has the option
    // --timeout.
    var received: [UInt8] = []
    try server.receiveWithoutAddress(maxLength: 65536, appendingTo: &received, timeout: timeout)
    say("UDP Echo Client: received '\(visible(received))' (\(received.count) bytes).")
    try server.close()
  }
}
