internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends back what each client sends, one client after another.
struct UnixEchoServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unix_echo_server", abstract: "Sends back what each client sends, one client after another.")

  @Option(help: "The path of the socket.")
  var path = "/tmp/my_socket"

  @Option(help: "How many clients to serve.")
  var count = Count(1)

  @Option(help: "The permissions of the socket.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for the clients and their ends.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let patience = Patience(timeout)

    // The file gets the mode of the socket: it is never open to more than was asked for.
    let listener = try UnixSocket.StreamListener(at: address, permissions: mode.permissions)
    do {
      try serve(listener, patience)
    } catch {
      try? address.unlink()
      throw error
    }
    try listener.close()

    try address.unlink()
    say("Unix Echo Server: removed '\(path)'.")
  }

  private func serve(_ listener: borrowing UnixSocket.StreamListener, _ patience: Patience) throws {
    say("Unix Echo Server: listening at '\(path)'.")
    for _ in 1...count.value {
      guard case .accepted(let client, _) = try listener.accept(patience: patience) else {
        throw IPCError(call: "accept4", errno: .timedOut, object: .path(FilePath(path)))
      }
      let total = try echo(client, patience)
      try client.close()
      say("Unix Echo Server: sent back \(total) bytes.")
    }
  }

  /// What was sent is sent back, until the client sends no more.
  private func echo(_ client: borrowing UnixSocket.Stream, _ patience: Patience) throws -> Int {
    var bytes: [UInt8] = []
    var total = 0
    while true {
      bytes.removeAll(keepingCapacity: true)
      switch try client.read(atMost: 4096, appendingTo: &bytes, patience: patience) {
      case .read(let length): total += length
      case .endOfFile: return total
      case .wouldBlock, .timedOut:
        throw IPCError(call: "recv", errno: .timedOut, object: .path(FilePath(path)))
      }
      switch try client.writeAll(bytes.span, patience: patience) {
      case .wrote: continue
      // A client that has gone is a result of this call, and not the death of the server by SIGPIPE.
      case .nobodyReads: throw IPCError(call: "send", errno: .brokenPipe, object: .path(FilePath(path)))
      case .wouldBlock, .timedOut:
        throw IPCError(call: "send", errno: .timedOut, object: .path(FilePath(path)))
      }
    }
  }
}
