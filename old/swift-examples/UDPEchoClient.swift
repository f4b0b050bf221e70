internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a datagram to a server, and hears it back.
struct UDPEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udp_echo_client", abstract: "Sends a datagram to a server, and hears it back.")

  @Option(help: "Where the server receives, in numbers.")
  var address = Host.loopback

  @Option(help: "At which port.")
  var port = Port(7777)

  @Option(help: "What to send.")
  var message = "Hello from UDP echo client!"

  @Option(help: "How many seconds to wait for the answer.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)
    let there = SocketAddress(address.address, port: port.number)
    let object = IPCError.Object.name(there.description)

    let server = try UDP.Socket(there.address.version)
    // Connected, it receives from nowhere else, and is told when nobody is there.
    try server.connect(to: there)

    let bytes = Array(message.utf8)
    guard try server.send(bytes.span, patience: patience) == .sent else {
      throw IPCError(call: "send", errno: .timedOut, object: object)
    }
    say("UDP Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // A datagram comes whole, or not at all. That it was lost nobody says: hence --timeout.
    var received: [UInt8] = []
    guard case .received(let arrival) = try answer(of: server, &received, object, patience) else {
      throw IPCError(call: "recv", errno: .timedOut, object: object)
    }
    say("UDP Echo Client: received '\(visible(received))' (\(arrival.length) bytes).")
    try server.close()
  }
  private func answer(
    of server: borrowing UDP.Socket, _ bytes: inout [UInt8], _ object: IPCError.Object, _ patience: Patience
  ) throws -> UDP.ReceiveResult {
    do {
      return try server.receive(atMost: 65536, appendingTo: &bytes, patience: patience)
    } catch let error where error.errno == .connectionRefused {
      throw IPCError(call: "recv", errno: .connectionRefused, object: object)
    }
  }
}
