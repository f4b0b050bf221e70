internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends each datagram back to its sender.
struct UDPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udp_echo_server", abstract: "Sends each datagram back to its sender.")

  @Option(help: "The numeric address to receive at.")
  var address = Host.loopback

  @Option(help: "The port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "How many datagrams to send back.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for each.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    let server = try UDP.Socket(at: SocketAddress(address.address, port: port))
    // The address contains the port that the kernel chose, if it was 0.
    say("UDP Echo Server: receiving at '\(try server.address)'.")

    // The buffer has room for the longest datagram, so nothing is truncated.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let message = try server.receive(maxLength: 65536, appendingTo: &bytes, timeout: timeout)
      // An empty datagram is sent back like any other: it is not an end of file.
      try server.send(bytes.span, to: message.sender, timeout: timeout)
      say("UDP Echo Server: sent back \(message.length) bytes.")
    }
    try server.close()
  }
}
