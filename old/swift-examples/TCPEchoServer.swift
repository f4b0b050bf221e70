internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends back what each client sends, one client after another.
struct TCPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcp_echo_server", abstract: "Sends back what each client sends, one client after another.")

  @Option(help: "Where to listen, in numbers.")
  var address = Host.loopback

  @Option(help: "At which port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "How many clients to serve.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for the clients and their ends.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    // The connections of a server that has just ended have its port for a minute: it is taken all the same.
    let listener = try TCP.Listener(at: SocketAddress(address.address, port: port))
    // With the port that the kernel has chosen, if it was to.
    let name = try listener.address.description
    say("TCP Echo Server: listening at '\(name)'.")

    for _ in 1...count.value {
      guard case .accepted(let client, _) = try listener.accept(patience: patience) else {
        throw IPCError(call: "accept4", errno: .timedOut, object: .name(name))
      }
      let total = try echo(client, name, patience)
      try client.close()
      say("TCP Echo Server: sent back \(total) bytes.")
    }
    try listener.close()
  }

  /// What was sent is sent back, until the client sends no more.
  private func echo(_ client: borrowing TCP.Stream, _ name: String, _ patience: Patience) throws -> Int {
    var bytes: [UInt8] = []
    var total = 0
    while true {
      bytes.removeAll(keepingCapacity: true)
      switch try received(from: client, &bytes, name, patience) {
      case .read(let length): total += length
      case .endOfFile: return total
      case .wouldBlock, .timedOut: throw IPCError(call: "recv", errno: .timedOut, object: .name(name))
      }
      switch try client.writeAll(bytes.span, patience: patience) {
      case .wrote: continue
      // A client that has gone is a result of this call, and not the death of the server by SIGPIPE.
      case .nobodyReads: throw IPCError(call: "send", errno: .brokenPipe, object: .name(name))
      case .wouldBlock, .timedOut: throw IPCError(call: "send", errno: .timedOut, object: .name(name))
      }
    }
  }

  private func received(
    from client: borrowing TCP.Stream, _ bytes: inout [UInt8], _ name: String, _ patience: Patience
  ) throws -> ReadResult {
    do {
      return try client.read(atMost: 4096, appendingTo: &bytes, patience: patience)
    } catch let error where error.errno == .connectionReset {
      // A client that was closed before it had read everything resets the connection: an error, and no end.
      throw IPCError(call: "recv", errno: .connectionReset, object: .name(name))
    }
  }
}
