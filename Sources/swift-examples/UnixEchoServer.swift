internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Echoes what each client sends, one client after another.
struct UnixEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unix_echo_server", abstract: "Echoes what each client sends, one client after another.")

  @Option(help: "The socket path.")
  var path = "/tmp/my_socket"

  @Option(help: "The number of clients to serve.")
  var count = Count(1)

  @Option(help: "The socket's permissions.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for all clients and their data.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let timeout = Timeout(timeout)

    // The path is created with these permissions.
    let listener = try UnixSocket.StreamListener(at: address, permissions: mode.permissions)
    do {
      try serve(listener, timeout)
    } catch {
      try? address.unlink()
      throw error
    }
    try listener.close()

    try address.unlink()
    say("Unix Echo Server: removed '\(path)'.")
  }

  private func serve(_ listener: borrowing UnixSocket.StreamListener, _ timeout: Timeout) throws {
    say("Unix Echo Server: listening at '\(path)'.")
    for _ in 1...count.value {
      let client = try listener.accept(timeout: timeout)
      let total = try echo(client, timeout)
      try client.close()
      say("Unix Echo Server: sent back \(total) bytes.")
    }
  }

  /// Echoes what the client sends, until end of file.
  ///
  /// If the client has closed the connection, the call throws, and SIGPIPE does not kill the server.
  private func echo(_ client: borrowing UnixSocket.Stream, _ timeout: Timeout) throws -> Int {
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
