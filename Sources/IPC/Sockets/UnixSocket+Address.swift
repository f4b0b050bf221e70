package import CIPC
public import SystemPackage

extension UnixSocket {
  /// The address of a Unix domain socket: a path, an abstract name, or nothing.
  ///
  /// It is stored as the kernel takes it (`struct sockaddr_un`), so using one does not allocate.
  ///
  /// `unix(7)`.
  public struct Address: Sendable {
    package var raw: cipc_address

    /// No address. Binding a socket to it makes the kernel choose an unused abstract name.
    public static var unnamed: Address { Address(cipc_address_of_unix(nil, 0)) }

    /// The maximum length of a path or an abstract name, in bytes.
    public static let maximumLength = Int(CIPC_SUN_PATH) - 1

    /// Creates an address of a path.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` for more than ``maximumLength`` bytes; use a shorter path, or one
    ///   relative to the working directory. `.noSuchFileOrDirectory` for an empty path.
    public init(path: FilePath) throws(IPCError) {
      guard path.length <= Self.maximumLength else { throw IPCError(.socket, .fileNameTooLong, on: .path(path)) }
      guard path.length > 0 else { throw IPCError(.socket, .noSuchFileOrDirectory, on: .path(path)) }
      // With its NUL: some readers of the address expect one.
      raw = unsafe path.withPlatformString { unsafe cipc_address_of_unix($0, path.length + 1) }
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
      raw = unsafe ([0] + Array(name)).withUnsafeBytes { unsafe cipc_address_of_unix($0.baseAddress, $0.count) }
    }

    package init(_ raw: cipc_address) { self.raw = raw }

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
    public var isUnnamed: Bool { bytes == nil }

    var isPath: Bool {
      var length = 0
      return unsafe withUnsafePointer(to: raw) {
        let path = unsafe cipc_unix_path($0, &length)
        return unsafe length > 0 && path?.pointee != 0
      }
    }

    /// The used part of `sun_path`; nil if there is none.
    private var bytes: [UInt8]? {
      var length = 0
      return unsafe withUnsafePointer(to: raw) {
        let path = unsafe cipc_unix_path($0, &length)
        return length == 0 ? nil : unsafe Array(UnsafeBufferPointer(start: path, count: length))
      }
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
