internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension Client {
  /// The maximum number of descriptors that have been passed to a client but that it has not received.
  nonisolated static var passedLimit: Int { 8 }

  /// Whether the client has received enough of its descriptors for the server to send another.
  ///
  /// The kernel limits the number of descriptors that are in flight to all clients together.
  var mayPassDescriptor: Bool {
    var unread: Int32 = 0
    // For a Unix socket, SIOCOUTQ reports the amount of data that the other end has not received.
    if unsafe ioctl(connection.descriptor.rawValue, UInt(TIOCOUTQ), &unread) == 0, unread == 0 { passed = 0 }
    return passed < Self.passedLimit
  }
}
