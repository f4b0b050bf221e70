internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Sockets between processes on the same machine (Unix domain sockets, `AF_UNIX`).
///
/// ```swift
/// let address = try UnixSocket.Address(path: "/run/echo/socket")
/// let listener = try UnixSocket.StreamListener(at: address)
///
/// // In another process:
/// let stream = try UnixSocket.Stream()
/// try stream.connect(to: address, timeout: .after(.seconds(1)))
/// try stream.writeAll("Hello".utf8.span)
/// try stream.shutDown(.sending)
/// ```
///
/// A ``Stream`` carries bytes without message boundaries, like a bidirectional pipe. A ``SequencedPacket`` socket is
/// connected, and preserves message boundaries. A ``Datagram`` socket preserves message boundaries without a
/// connection.
///
/// `unix(7)`.
public enum UnixSocket {
  /// A socket that carries bytes without message boundaries (`SOCK_STREAM`).
  public typealias Stream = Socket<StreamStyle>
  /// A connected socket that preserves message boundaries (`SOCK_SEQPACKET`).
  public typealias SequencedPacket = Socket<SequencedPacketStyle>
  /// A socket that preserves message boundaries, with or without a connection (`SOCK_DGRAM`).
  public typealias Datagram = Socket<DatagramStyle>
  /// A socket that accepts connections of type `SOCK_STREAM`.
  public typealias StreamListener = Listener<StreamStyle>
  /// A socket that accepts connections of type `SOCK_SEQPACKET`.
  public typealias SequencedPacketListener = Listener<SequencedPacketStyle>

  /// The type of a socket.
  public protocol Style {
    /// The type argument of `socket(2)`.
    static var type: Int32 { get }
  }
  /// A socket type that must be connected before it transfers data.
  public protocol ConnectionStyle: Style {}
  /// A socket type that preserves message boundaries.
  public protocol MessageStyle: Style {}

  /// `SOCK_STREAM`.
  public enum StreamStyle: ConnectionStyle {
    /// The type argument of `socket(2)`.
    public static var type: Int32 { Int32(SOCK_STREAM.rawValue) }
  }
  /// `SOCK_SEQPACKET`.
  public enum SequencedPacketStyle: ConnectionStyle, MessageStyle {
    /// The type argument of `socket(2)`.
    public static var type: Int32 { Int32(SOCK_SEQPACKET.rawValue) }
  }
  /// `SOCK_DGRAM`.
  public enum DatagramStyle: MessageStyle {
    /// The type argument of `socket(2)`.
    public static var type: Int32 { Int32(SOCK_DGRAM.rawValue) }
  }

  /// A socket that does not listen, closed when the value is destroyed.
  ///
  /// Closing a socket discards unread bytes; a stream socket's peer then receives `.connectionReset`.
  @frozen
  public struct Socket<Style: UnixSocket.Style>: ~Copyable, Sendable, SocketProtocol, DescriptorOwner {
    @usableFromInline let owned: OwnedDescriptor

    package init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Creates a socket that is not bound or connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
    ///
    /// Calls `socket(2)`.
    public init() throws(IPCError) { owned = try .opening(family: AF_UNIX, type: Style.type) }

    /// Takes ownership of an inherited or received socket, and makes it close-on-exec.
    ///
    /// If the initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`; `.addressFamilyNotSupported` if the socket has a different address
    ///   family; `.protocolWrongTypeForSocket` if it is of a different type.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      owned = try .adoptingSocket(descriptor, families: [AF_UNIX], type: Style.type)
    }

    /// The open descriptor, owned and closed by this value.
    @inlinable public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned }
  }

  /// Two unnamed sockets, connected to each other.
  @frozen
  public struct Pair<Style: UnixSocket.Style>: ~Copyable, Sendable {
    /// One of the sockets, which receives the bytes that ``second`` sends.
    public let first: Socket<Style>
    /// The other socket, which receives the bytes that ``first`` sends.
    public let second: Socket<Style>

    /// Creates two connected sockets.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
    ///
    /// Calls `socketpair(2)`.
    public init() throws(IPCError) {
      var ends: (Int32, Int32) = (-1, -1)
      try Syscall.call(.socketPair) {
        unsafe withUnsafeMutableBytes(of: &ends) {
          unsafe cipc_socket_pair(AF_UNIX, Style.type, $0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
      }
      first = Socket(taking: OwnedDescriptor(taking: ends.0))
      second = Socket(taking: OwnedDescriptor(taking: ends.1))
    }
  }
}

extension UnixSocket.Socket: ReadableStream where Style == UnixSocket.StreamStyle {}
extension UnixSocket.Socket: WritableStream where Style == UnixSocket.StreamStyle {}
extension UnixSocket.Socket: ReadableDescriptor where Style == UnixSocket.StreamStyle {
  /// The system calls that transfer bytes: `recv(2)` and `send(2)`.
  @inlinable public var transport: Transport { .socket }
}
extension UnixSocket.Socket: WritableDescriptor where Style == UnixSocket.StreamStyle {}

extension UnixSocket.Socket {
  /// The offset from which the next receive call with `peeking` reads; nil if such calls always start at the next
  /// unread byte.
  ///
  /// Calls `getsockopt(2)` with `SO_PEEK_OFF`.
  public var peekOffset: Int? {
    get throws(IPCError) {
      let offset = try option(.getsockoptPeekOffset, SO_PEEK_OFF)
      return offset < 0 ? nil : offset
    }
  }

  /// Sets the offset from which the next receive call with `peeking` reads.
  ///
  /// Each such call advances the offset by the number of bytes it returned, so the next one continues at the new
  /// offset. A call that consumes bytes decreases the offset by the number of bytes consumed.
  ///
  /// - Parameter offset: The offset from the next unread byte; nil to start at the next unread byte each time.
  /// - Throws: ``IPCError`` with `.invalidArgument` if the offset does not fit in an `Int32`.
  ///
  /// Calls `setsockopt(2)` with `SO_PEEK_OFF`.
  public func setPeekOffset(_ offset: Int?) throws(IPCError) {
    try setOption(.setsockoptPeekOffset, SO_PEEK_OFF, offset ?? -1)
  }
}
