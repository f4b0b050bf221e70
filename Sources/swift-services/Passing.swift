internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension Client {
  /// The limit of the descriptors that a client has not received.
  nonisolated static var passedLimit: Int { 8 }

  /// Whether the client has received enough of its descriptors to get another one.
  ///
  /// The kernel limits how many are on the way to all clients together.
  var mayPassDescriptor: Bool {
    var unread: Int32 = 0
    // SIOCOUTQ of a Unix socket counts what the peer has not received.
    if unsafe ioctl(connection.descriptor.rawValue, UInt(TIOCOUTQ), &unread) == 0, unread == 0 { passed = 0 }
    return passed < Self.passedLimit
  }
}
