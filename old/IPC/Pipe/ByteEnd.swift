/// An end of something that carries bytes without boundaries: of a pipe, of a FIFO, or of a stream between sockets.
public protocol ByteEnd: DescriptorOwner, ~Copyable {
  /// By which calls its bytes move.
  var transport: Transport { get }
}

extension ByteEnd where Self: ~Copyable {
  /// How many bytes wait to be read.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesWaiting: Int { get throws(IPCError) { try countBytesWaiting() } }
}

/// By which calls bytes move.
public enum Transport: Hashable, Sendable {
  /// `read(2)` and `write(2)`.
  case file
  /// `recv(2)` and `send(2)`, which can be told call by call not to wait and not to raise `SIGPIPE`.
  case socket
}
