internal import Glibc
internal import IPC
internal import SystemPackage

/// A handle of a socket of any domain. Whether it is connected, or listens, is left to the kernel to say, as in C.
final class SocketHandle: ByteHandle, SocketEnd {
  private var owned: OwnedDescriptor?
  let descriptor: FileDescriptor
  /// `SOCK_STREAM` and the like.
  let type: Int32
  /// Of a socket of the internet protocols; nil for one of Unix.
  let version: IPVersion?

  init<Style: UnixSocket.Style>(_ socket: consuming UnixSocket.End<Style>) {
    descriptor = socket.descriptor
    type = Style.type
    version = nil
    owned = OwnedDescriptor(taking: socket.release())
  }

  init(_ stream: consuming TCP.Stream) {
    (descriptor, type, version) = (stream.descriptor, SOCK_STREAM, stream.version)
    owned = OwnedDescriptor(taking: stream.release())
  }

  init(_ socket: consuming UDP.Socket) {
    (descriptor, type, version) = (socket.descriptor, SOCK_DGRAM, socket.version)
    owned = OwnedDescriptor(taking: socket.release())
  }

  /// A descriptor that was inherited, if it is that of a socket.
  init?(adopting descriptor: FileDescriptor) throws {
    do {
      let end = Borrowed(descriptor: descriptor)
      type = Int32(try end.option("getsockopt SO_TYPE", SO_TYPE))
      version =
        switch Int32(try end.option("getsockopt SO_DOMAIN", SO_DOMAIN)) {
        case AF_INET: .v4
        case AF_INET6: .v6
        default: nil
        }
    } catch let error where error.errno == .notSocket {
      return nil
    }
    guard fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) != -1 else {
      throw Failure(Errno(rawValue: errno), in: "fcntl")
    }
    self.descriptor = descriptor
    owned = OwnedDescriptor(taking: descriptor)
  }

  var transport: Transport { .socket }

  func close() throws(IPCError) { try owned.take()?.close() }

  /// Lends the socket as one of the library's types.
  func use<Style: UnixSocket.Style, Value>(
    as style: Style.Type, _ body: (borrowing UnixSocket.End<Style>) throws -> Value
  ) throws -> Value {
    let end = UnixSocket.End<Style>(taking: OwnedDescriptor(taking: descriptor))
    let result = Result { try body(end) }
    _ = end.release()
    return try result.get()
  }

  /// The same for what listens.
  func listener<Style: UnixSocket.Connecting, Value>(
    of style: Style.Type, _ body: (borrowing UnixSocket.Listener<Style>) throws -> Value
  ) throws -> Value {
    let listener = UnixSocket.Listener<Style>(taking: OwnedDescriptor(taking: descriptor))
    let result = Result { try body(listener) }
    _ = listener.release()
    return try result.get()
  }

  private struct Borrowed: SocketEnd {
    let descriptor: FileDescriptor
    consuming func close() {}
  }
}

extension Peer {
  /// The socket that a request is about.
  func socket(_ parameters: Parameters) throws -> SocketHandle {
    try handles.find(parameters.handle, as: SocketHandle.self, "socket")
  }
}
