internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends each datagram back to its sender.
struct UDPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udp_echo_server", abstract: "Sends each datagram back to its sender.")

  @Option(help: "The numeric address to receive on.")
  var address = Host.loopback

  @Option(help: "The port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "The number of datagrams to send back.")
  var count = Count(1)

  @Option(help: "The number of seconds to wait for all datagrams.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    let server = try UDP.Socket(at: SocketAddress(address.address, port: port))
    // If the port was 0, the address now contains the port that the kernel has chosen.
    say("UDP Echo Server: receiving at '\(try server.address)'.")

    // The buffer has room for the longest datagram, so nothing is truncated.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let message = try server.receive(maxLength: 65536, appendingTo: &bytes, timeout: timeout)
      // An empty datagram is sent back like any other. It does not mean end of file.
      try server.send(bytes.span, to: message.sender, timeout: timeout)
      say("UDP Echo Server: sent back \(message.length) bytes.")
    }
    try server.close()
  }
}
