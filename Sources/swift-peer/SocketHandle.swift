internal import Glibc
internal import IPC
internal import SystemPackage

/// A handle to a socket of any address family.
///
/// As in C, the kernel decides whether the socket is connected or listening.
final class SocketHandle: ByteHandle, MessageSocket {
  private var owned: OwnedDescriptor?
  let descriptor: FileDescriptor
  /// The socket type, such as `SOCK_STREAM`.
  let type: Int32
  /// The IP version; nil for a Unix domain socket.
  let version: IPVersion?

  init<Style: UnixSocket.Style>(_ socket: consuming UnixSocket.Socket<Style>) {
    (descriptor, type, version) = (socket.descriptor, Style.type, nil)
    owned = socket.takeDescriptor()
  }

  init(_ stream: consuming TCP.Stream) {
    (descriptor, type, version) = (stream.descriptor, SOCK_STREAM, stream.version)
    owned = stream.takeDescriptor()
  }

  init(_ socket: consuming UDP.Socket) {
    (descriptor, type, version) = (socket.descriptor, SOCK_DGRAM, socket.version)
    owned = socket.takeDescriptor()
  }

  /// Takes ownership of an inherited or received descriptor; returns nil if it is not a socket.
  init?(adopting descriptor: FileDescriptor) throws {
    do {
      let socket = Borrowed(descriptor: descriptor)
      type = Int32(try socket.option(.getsockoptType, SO_TYPE))
      version =
        switch Int32(try socket.option(.getsockoptDomain, SO_DOMAIN)) {
        case AF_INET: .v4
        case AF_INET6: .v6
        default: nil
        }
    } catch let error where error.errno == .notSocket {
      return nil
    }
    owned = try OwnedDescriptor.adopting(descriptor)
    self.descriptor = descriptor
  }

  var transport: Transport { .socket }

  func close() throws { try owned.take()?.close() }

  private struct Borrowed: SocketProtocol {
    let descriptor: FileDescriptor
  }
}

/// Calls a closure with the socket as one of the library's types, without transferring ownership.
extension SocketHandle {
  func use<Style: UnixSocket.Style, Value>(
    as style: Style.Type, _ body: (borrowing UnixSocket.Socket<Style>) throws -> Value
  ) throws -> Value {
    let socket = UnixSocket.Socket<Style>(taking: OwnedDescriptor(taking: descriptor))
    let result = Result { try body(socket) }
    _ = socket.release()
    return try result.get()
  }

  func listener<Style: UnixSocket.ConnectionStyle, Value>(
    of style: Style.Type, _ body: (borrowing UnixSocket.Listener<Style>) throws -> Value
  ) throws -> Value {
    let listener = UnixSocket.Listener<Style>(taking: OwnedDescriptor(taking: descriptor))
    let result = Result { try body(listener) }
    _ = listener.release()
    return try result.get()
  }

  func stream<Value>(_ body: (borrowing TCP.Stream) throws -> Value) throws -> Value {
    let stream = TCP.Stream(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(stream) }
    _ = stream.release()
    return try result.get()
  }

  func listener<Value>(_ body: (borrowing TCP.Listener) throws -> Value) throws -> Value {
    let listener = TCP.Listener(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(listener) }
    _ = listener.release()
    return try result.get()
  }

  func datagrams<Value>(_ body: (borrowing UDP.Socket) throws -> Value) throws -> Value {
    let socket = UDP.Socket(taking: OwnedDescriptor(taking: descriptor), version ?? .v4)
    let result = Result { try body(socket) }
    _ = socket.release()
    return try result.get()
  }
}

extension Peer {
  /// Returns the socket named in a request.
  func socket(_ parameters: Parameters) throws -> SocketHandle {
    try handles.find(parameters.handle, as: SocketHandle.self, "socket")
  }
}

func adoptedSocket(_ descriptor: FileDescriptor, _ access: Int32) throws -> (any DescriptorHandle)? {
  try SocketHandle(adopting: descriptor)
}
