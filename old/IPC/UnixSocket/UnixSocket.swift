internal import CIPC
internal import Glibc
public import SystemPackage

/// Sockets between processes of one machine.
///
/// ```swift
/// let address = try UnixSocket.Address(path: "/run/echo/socket")
/// let listener = try UnixSocket.StreamListener(at: address)
///
/// // In another process:
/// let stream = try UnixSocket.Stream()
/// guard try stream.connect(to: address, patience: .atMost(.seconds(1))) == .connected else { return }
/// try stream.writeAll("Hello".utf8.span)
/// try stream.shutDown(.sending)
/// ```
///
/// What a socket carries is its type. A ``Stream`` is bytes without boundaries, read and written as a pipe is. A
/// ``SequencedPacket`` is a connection that keeps the boundaries of messages. A ``Datagram`` keeps them without one.
///
/// `unix(7)`.
public enum UnixSocket {
  public typealias Stream = End<StreamStyle>
  public typealias SequencedPacket = End<SequencedPacketStyle>
  public typealias Datagram = End<DatagramStyle>
  public typealias StreamListener = Listener<StreamStyle>
  public typealias SequencedPacketListener = Listener<SequencedPacketStyle>

  /// What a socket carries.
  public protocol Style {
    /// As `socket(2)` takes it.
    static var type: Int32 { get }
  }
  /// It is connected before it carries anything.
  public protocol Connecting: Style {}
  /// The boundaries of messages are kept.
  public protocol Messages: Style {}

  public enum StreamStyle: Connecting {
    public static var type: Int32 { Int32(SOCK_STREAM.rawValue) }
  }
  public enum SequencedPacketStyle: Connecting, Messages {
    public static var type: Int32 { Int32(SOCK_SEQPACKET.rawValue) }
  }
  public enum DatagramStyle: Messages {
    public static var type: Int32 { Int32(SOCK_DGRAM.rawValue) }
  }
}

extension UnixSocket {
  /// A socket that does not listen. It is closed when its owner goes.
  public struct End<Style: UnixSocket.Style>: ~Copyable, Sendable, SocketEnd {
    let owned: OwnedDescriptor

    package init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    /// Makes a socket that is neither bound nor connected.
    ///
    /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
    ///
    /// Calls `socket(2)`.
    public init() throws(IPCError) {
      let number = try Kernel.call("socket") { cipc_unix_socket(Style.type) }
      owned = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
    }

    /// Takes over a socket that this process was started with, and makes it close-on-exec.
    ///
    /// - Throws: ``IPCError`` with `.notSocket`, with `.addressFamilyNotSupported` for one of another domain, or with
    ///   `.protocolWrongTypeForSocket` when it carries something else. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      try SocketAdoption.check(descriptor, domains: [AF_UNIX], type: Style.type)
      owned = OwnedDescriptor(taking: descriptor)
    }

    public var descriptor: FileDescriptor { owned.descriptor }

    /// Calls `close(2)`. What was received and not read is lost; the other side of a stream learns of that as
    /// `.connectionReset`.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }
  }

  /// Two sockets that are connected to each other, and have no names.
  @frozen
  public struct Pair<Style: UnixSocket.Style>: ~Copyable, Sendable {
    public let first: End<Style>
    public let second: End<Style>

    /// Calls `socketpair(2)`.
    public init() throws(IPCError) {
      var ends: (Int32, Int32) = (-1, -1)
      try Kernel.call("socketpair") {
        unsafe withUnsafeMutableBytes(of: &ends) {
          unsafe cipc_unix_pair(Style.type, $0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
      }
      first = End(taking: OwnedDescriptor(taking: FileDescriptor(rawValue: ends.0)))
      second = End(taking: OwnedDescriptor(taking: FileDescriptor(rawValue: ends.1)))
    }
  }
}

extension UnixSocket.End: ByteEnd where Style == UnixSocket.StreamStyle {
  public var transport: Transport { .socket }
}
extension UnixSocket.End: ByteSource where Style == UnixSocket.StreamStyle {}
extension UnixSocket.End: ByteSink where Style == UnixSocket.StreamStyle {}
extension UnixSocket.End: ReadingEnd where Style == UnixSocket.StreamStyle {}
extension UnixSocket.End: WritingEnd where Style == UnixSocket.StreamStyle {}
