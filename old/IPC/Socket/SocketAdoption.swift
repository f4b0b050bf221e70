internal import CIPC
internal import Glibc
internal import SystemPackage

/// Sockets that this process was started with, or that came with a message.
enum SocketAdoption {
  /// Makes a descriptor close-on-exec if it is a socket of one of those domains and of that type, and listens where it has
  /// to; if not, it stays as it is.
  @discardableResult
  static func check(
    _ descriptor: FileDescriptor, domains: [Int32], type: Int32, listening: Bool = false
  ) throws(IPCError) -> Int32 {
    let domain = try ask(descriptor, "getsockopt SO_DOMAIN", SO_DOMAIN)
    guard domains.contains(domain) else {
      throw IPCError(
        call: "getsockopt SO_DOMAIN", errno: .addressFamilyNotSupported, object: .descriptor(descriptor))
    }
    guard try ask(descriptor, "getsockopt SO_TYPE", SO_TYPE) == type else {
      throw IPCError(
        call: "getsockopt SO_TYPE", errno: .protocolWrongTypeForSocket, object: .descriptor(descriptor))
    }
    if listening, try ask(descriptor, "getsockopt SO_ACCEPTCONN", SO_ACCEPTCONN) == 0 {
      throw IPCError(call: "getsockopt SO_ACCEPTCONN", errno: .invalidArgument, object: .descriptor(descriptor))
    }
    try Kernel.call("fcntl F_SETFD", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    return domain
  }

  private static func ask(
    _ descriptor: FileDescriptor, _ name: String, _ option: Int32
  ) throws(IPCError) -> Int32 {
    var value: Int32 = 0
    try Kernel.call(name, on: .descriptor(descriptor)) {
      unsafe cipc_socket_option(descriptor.rawValue, SOL_SOCKET, option, &value)
    }
    return value
  }
}
