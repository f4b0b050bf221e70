internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension Client {
  /// The maximum number of descriptors passed to a client but not yet received.
  nonisolated static var passedLimit: Int { 8 }

  /// Whether the client has received enough of its descriptors to be sent another.
  ///
  /// The kernel limits the total number of descriptors in flight to all clients.
  var mayPassDescriptor: Bool {
    var unread: Int32 = 0
    // For a Unix socket, SIOCOUTQ reports the amount of data that the other end has not received.
    if unsafe ioctl(connection.descriptor.rawValue, UInt(TIOCOUTQ), &unread) == 0, unread == 0 { passed = 0 }
    return passed < Self.passedLimit
  }
}
