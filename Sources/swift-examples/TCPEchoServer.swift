internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Echoes what each client sends, one client after another.
struct TCPEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcp_echo_server", abstract: "Echoes what each client sends, one client after another.")

  @Option(help: "The numeric address to listen on.")
  var address = Host.loopback

  @Option(help: "The port; 0 lets the kernel choose.")
  var port: UInt16 = 7777

  @Option(help: "The number of clients to serve.")
  var count = Count(1)

  @Option(help: "The number of seconds to wait for all clients and their data.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    // After a server has exited, its connections occupy the port for a minute. Therefore, the listener sets
    // SO_REUSEADDR.
    let listener = try TCP.Listener(at: SocketAddress(address.address, port: port))
    // If the port was 0, the address now contains the port that the kernel has chosen.
    let name = try listener.address
    say("TCP Echo Server: listening at '\(name)'.")

    for _ in 1...count.value {
      let client = try listener.accept(timeout: timeout)
      do {
        let total = try echo(client, timeout)
        try client.close()
        say("TCP Echo Server: sent back \(total) bytes.")
      } catch let error as IPCError {
        // If a client closes its socket before it has read all the data, the kernel resets the connection. Unlike end
        // of file, a reset is an error.
        report("tcp_echo_server", "\(error.call) '\(name)'", error.errno)
        throw ExitCode.failure
      }
    }
    try listener.close()
  }

  /// Echoes what the client sends, until end of file.
  ///
  /// If the client has closed the connection, the call throws, and SIGPIPE does not kill the server.
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
