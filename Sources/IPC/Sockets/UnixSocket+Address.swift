package import CIPC
public import SystemPackage

/// Sockets between processes of one machine.
public enum UnixSocket {}

extension UnixSocket {
  /// The address of a Unix domain socket: a path, an abstract name, or nothing.
  ///
  /// It is stored as the kernel takes it (`struct sockaddr_un` with its length), so sending to one, or receiving one, does
  /// not allocate.
  ///
  /// `unix(7)`.
  public struct Address: Sendable {
    package var raw: cipc_unix_address

    /// No address. Binding a socket to it makes the kernel choose an unused abstract name.
    public static var unnamed: Address { Address(cipc_unix_address()) }

    /// The maximum length of a path or an abstract name, in bytes.
    public static let maximumLength = 107

    /// Creates an address of a path.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` for more than ``maximumLength`` bytes; use a relative path from the
    ///   socket's directory then. `.noSuchFileOrDirectory` for an empty path.
    public init(path: FilePath) throws(IPCError) {
      let bytes = unsafe path.withPlatformString {
        unsafe Array(UnsafeBufferPointer(start: $0, count: path.length + 1))
      }
      guard path.length <= Self.maximumLength else { throw IPCError(.socket, .fileNameTooLong, on: .path(path)) }
      guard path.length > 0 else { throw IPCError(.socket, .noSuchFileOrDirectory, on: .path(path)) }
      // With its NUL, which readers of the address would have to add otherwise.
      self.init(bytes.map { UInt8(bitPattern: $0) })
    }

    /// Creates an address of an abstract name, which disappears with its socket.
    ///
    /// The name is bytes, which may contain NUL; none is added. It has no permissions: any process of the same network
    /// namespace can connect to it, or bind it first.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` for more than ``maximumLength`` bytes.
    public init(abstract name: some Collection<UInt8>) throws(IPCError) {
      guard name.count <= Self.maximumLength else {
        throw IPCError(.socket, .fileNameTooLong, on: .label("@" + String(decoding: name, as: UTF8.self)))
      }
      self.init([0] + name)
    }

    package init(_ raw: cipc_unix_address) { self.raw = raw }

    private init(_ bytes: [UInt8]) {
      raw = cipc_unix_address()
      raw.length = bytes.count
      unsafe withUnsafeMutableBytes(of: &raw.name) { unsafe $0.copyBytes(from: bytes) }
    }

    /// The path; nil for other addresses.
    public var path: FilePath? {
      guard let bytes, bytes.first != 0 else { return nil }
      // Not through a string: a path need not be UTF-8.
      return FilePath(platformString: bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
    }

    /// The abstract name; nil for other addresses.
    public var abstractName: [UInt8]? {
      guard let bytes, bytes.first == 0 else { return nil }
      return Array(bytes.dropFirst())
    }

    /// Whether there is no address.
    public var isUnnamed: Bool { raw.length == 0 }

    /// The used part of `sun_path`.
    private var bytes: [UInt8]? {
      guard raw.length > 0 else { return nil }
      return unsafe withUnsafeBytes(of: raw.name) { unsafe Array($0.prefix(raw.length)) }
    }
  }
}

extension UnixSocket.Address: Hashable, CustomStringConvertible {
  public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// The path, or the abstract name after an `@` as `ss(8)` shows it, or `unnamed`.
  public var description: String {
    path?.string ?? abstractName.map { "@" + String(decoding: $0, as: UTF8.self) } ?? "unnamed"
  }
}
