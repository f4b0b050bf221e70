internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends back what each client sends, one client after another.
struct TCPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcp_echo_server", abstract: "Sends back what each client sends, one client after another.")

  @Option(help: "The numeric address to listen at.")
  var address = Host.loopback

  @Option(help: "The port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "How many clients to serve.")
  var count = Count(1)

  @Option(help: "How many seconds to wait for each client, and for its data.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    // Connections of a server that has just ended keep its port for a minute. The listener sets SO_REUSEADDR.
    let listener = try TCP.Listener(at: SocketAddress(address.address, port: port))
    // The address contains the port that the kernel chose, if it was 0.
    let name = try listener.address
    say("TCP Echo Server: listening at '\(name)'.")

    for _ in 1...count.value {
      let client = try listener.accept(timeout: timeout)
      do {
        let total = try echo(client, timeout)
        try client.close()
        say("TCP Echo Server: sent back \(total) bytes.")
      } catch let error as IPCError {
        // If a client closes its socket before it has read everything, the connection is reset. A reset is an error,
        // unlike end of file.
        report("tcp_echo_server", "\(error.call) '\(name)'", error.errno)
        throw ExitCode.failure
      }
    }
    try listener.close()
  }

  /// Sends back what the client sends, until end of file.
  ///
  /// If the client has closed the connection, the call fails, and no SIGPIPE kills the server.
  private func echo(_ client: borrowing TCP.Stream, _ timeout: Timeout) throws -> Int {
    var bytes: [UInt8] = []
    var total = 0
    while try client.read(maxLength: 4096, appendingTo: &bytes, timeout: timeout) > 0 {
      try client.writeAll(bytes.span, timeout: timeout)
      total += bytes.count
      bytes.removeAll(keepingCapacity: true)
    }
    return total
  }
}
