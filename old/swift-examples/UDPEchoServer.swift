internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends each datagram back to where it came from.
struct UDPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udp_echo_server", abstract: "Sends each datagram back to where it came from.")

  @Option(help: "Where to receive, in numbers.")
  var address = Host.loopback

  @Option(help: "At which port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "How many datagrams to send back.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for them.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    let server = try UDP.Socket(at: SocketAddress(address.address, port: port))
    // With the port that the kernel has chosen, if it was to.
    let name = try server.address.description
    say("UDP Echo Server: receiving at '\(name)'.")

    // There is room for the longest that there is: of a longer one than there is room for, a part is lost.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      guard case .received(let arrival) = try server.receive(atMost: 65536, appendingTo: &bytes, patience: patience)
      else { throw IPCError(call: "recvfrom", errno: .timedOut, object: .name(name)) }
      // An empty one is answered like any other: it is not the end of anything.
      guard try server.send(bytes.span, to: arrival.sender, patience: patience) == .sent else {
        throw IPCError(call: "sendto", errno: .timedOut, object: .name(arrival.sender.description))
      }
      say("UDP Echo Server: sent back \(arrival.length) bytes.")
    }
    try server.close()
  }
}
