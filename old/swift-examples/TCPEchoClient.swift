internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends a message to a server, and hears it back.
struct TCPEchoClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcp_echo_client", abstract: "Sends a message to a server, and hears it back.")

  @Option(help: "Where the server listens, in numbers.")
  var address = Host.loopback

  @Option(help: "At which port.")
  var port = Port(7777)

  @Option(help: "What to send.")
  var message = "Hello from TCP echo client!"

  @Option(help: "How many seconds to wait for the connection and the answer.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)
    let there = SocketAddress(address.address, port: port.number)
    let object = IPCError.Object.name(there.description)

    let server = try TCP.Stream(there.address.version)
    switch try server.connect(to: there, patience: patience) {
    case .connected: say("TCP Echo Client: connected to '\(there)'.")
    case .refused: throw IPCError(call: "connect", errno: .connectionRefused, object: object)
    case .inProgress, .alreadyInProgress, .timedOut:
      throw IPCError(call: "connect", errno: .timedOut, object: object)
    }

    // Then sends no more, so that the server knows where the message ends, and still receives.
    let bytes = Array(message.utf8)
    switch try server.writeAll(bytes.span, patience: patience) {
    case .wrote: break
    case .nobodyReads: throw IPCError(call: "send", errno: .brokenPipe, object: object)
    case .wouldBlock, .timedOut: throw IPCError(call: "send", errno: .timedOut, object: object)
    }
    try server.shutDown(.sending)
    say("TCP Echo Client: sent '\(visible(bytes))' (\(bytes.count) bytes).")

    // To the end of file, since one read may bring only a part.
    var received: [UInt8] = []
    guard case .endOfFile = try server.readToEnd(appendingTo: &received, patience: patience) else {
      throw IPCError(call: "recv", errno: .timedOut, object: object)
    }
    say("TCP Echo Client: received '\(visible(received))' (\(received.count) bytes).")
    try server.close()
  }
}
