internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives an open file from another process, and reads it.
struct FDReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fd_receiver", abstract: "Receives an open file from another process, and reads it.")

  @Option(help: "The path of the socket.")
  var path = "/tmp/fd_passing.sock"

  @Option(help: "How many files to receive.")
  var count = Count(1)

  @Option(help: "The permissions of the socket.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for the senders.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let patience = Patience(timeout)

    // The file gets the mode of the socket: it is never open to more than was asked for.
    let listener = try UnixSocket.StreamListener(at: address, permissions: mode.permissions)
    do {
      try receive(listener, patience)
    } catch {
      try? address.unlink()
      throw error
    }
    try listener.close()

    try address.unlink()
    say("FD Receiver: removed '\(path)'.")
  }

  private func receive(_ listener: borrowing UnixSocket.StreamListener, _ patience: Patience) throws {
    say("FD Receiver: listening at '\(path)'.")
    for _ in 1...count.value {
      guard case .accepted(let client, _) = try listener.accept(patience: patience) else {
        throw IPCError(call: "accept4", errno: .timedOut, object: .path(FilePath(path)))
      }
      let descriptor = try receiveDescriptor(client, patience)
      let bytes = try readStart(descriptor)
      // The end of the connection tells a sender who asks that it has been read.
      try client.close()
      say("FD Receiver: read '\(visible(bytes))' (\(bytes.count) bytes).")
    }
  }

  /// It comes with the first of the bytes; what these say is no matter.
  private func receiveDescriptor(
    _ client: borrowing UnixSocket.Stream, _ patience: Patience
  ) throws -> FileDescriptor {
    var bytes: [UInt8] = []
    var enclosure = UnixSocket.Enclosure()
    // Room for one; what came besides is closed, and so is what nobody takes.
    switch try client.receive(
      atMost: 2, appendingTo: &bytes, enclosure: &enclosure, room: 1, patience: patience)
    {
    case .received, .endOfFile: break
    case .wouldBlock, .timedOut: throw IPCError(call: "recvmsg", errno: .timedOut, object: .path(FilePath(path)))
    }
    guard !enclosure.descriptorsWereLost else {
      throw IPCError(call: "recvmsg", errno: .messageTooLong, object: .path(FilePath(path)))
    }
    guard let descriptor = enclosure.takeDescriptor() else {
      throw IPCError(call: "recvmsg", errno: .noData, object: .path(FilePath(path)))
    }
    return descriptor
  }

  /// What the file begins with: how long it is, its sender decides. A descriptor can be of any kind, and to read from
  /// one that is no regular file could wait for ever.
  private func readStart(_ descriptor: FileDescriptor) throws -> [UInt8] {
    let file = try MappedFile.ReadOnlyObject(adopting: descriptor)
    var bytes = [UInt8](repeating: 0, count: 4096)
    var total = 0
    do {
      while total < bytes.count {
        let count = try unsafe bytes.withUnsafeMutableBytes { buffer in
          try unsafe file.descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...]))
        }
        if count == 0 { break }
        total += count
      }
    } catch let reason as Errno {
      throw IPCError(call: "read", errno: reason, object: .descriptor(file.descriptor))
    }
    try file.close()
    return Array(bytes[..<total])
  }
}
