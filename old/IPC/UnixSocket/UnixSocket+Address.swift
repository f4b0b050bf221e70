internal import CIPC
public import SystemPackage

extension UnixSocket {
  /// Where a socket is: at a path, at a name of no file system, or nowhere.
  ///
  /// It is kept as the kernel has it, so that to send to one, or to be told of one, allocates nothing.
  ///
  /// The `struct sockaddr_un` of `unix(7)`, with its length.
  public struct Address: Sendable {
    var raw: cipc_unix_address

    /// No name. To bind a socket to it lets the kernel choose an abstract name that nobody has.
    public static var unnamed: Address { Address(cipc_unix_address()) }

    /// How many bytes a path or an abstract name has at most.
    public static let longestName = 107

    /// - Throws: ``IPCError`` with `.fileNameTooLong` for a path of more than ``longestName`` bytes: there is no room
    ///   for it in an address, however long a path the file system takes. A shorter one leads there from another
    ///   directory, or by a link. With `.noSuchFileOrDirectory` for an empty one.
    public init(path: FilePath) throws(IPCError) {
      let bytes = unsafe path.withPlatformString {
        unsafe Array(UnsafeBufferPointer(start: $0, count: path.length + 1))
      }
      guard path.length <= Self.longestName else {
        throw IPCError(call: "bind", errno: .fileNameTooLong, object: .path(path))
      }
      guard path.length > 0 else {
        throw IPCError(call: "bind", errno: .noSuchFileOrDirectory, object: .path(path))
      }
      // With its NUL: without one, whoever asks for the name has to add it.
      self.init(cipc_unix_address(), bytes.map { UInt8(bitPattern: $0) })
    }

    /// A name of the kernel's, which goes with its socket. It is bytes, as many as there are: NULs are as good as any
    /// other, and none is added.
    ///
    /// Anybody may connect to an abstract name, and anybody may take it first: it has no permissions.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` for more than ``longestName`` bytes.
    public init(abstract name: some Collection<UInt8>) throws(IPCError) {
      guard name.count <= Self.longestName else {
        throw IPCError(
          call: "bind", errno: .fileNameTooLong, object: .name("@" + String(decoding: name, as: UTF8.self)))
      }
      self.init(cipc_unix_address(), [0] + name)
    }

    init(_ raw: cipc_unix_address) { self.raw = raw }

    private init(_ raw: cipc_unix_address, _ bytes: [UInt8]) {
      self.raw = raw
      self.raw.length = bytes.count
      unsafe withUnsafeMutableBytes(of: &self.raw.name) { unsafe $0.copyBytes(from: bytes) }
    }
  }
}

extension UnixSocket.Address {
  /// The path; nil when there is none.
  public var path: FilePath? {
    guard let bytes, bytes.first != 0 else { return nil }
    // Not by way of a string: a path need not be text.
    return FilePath(platformString: bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
  }

  /// The abstract name; nil when there is none.
  public var abstractName: [UInt8]? {
    guard let bytes, bytes.first == 0 else { return nil }
    return Array(bytes.dropFirst())
  }

  public var isUnnamed: Bool { raw.length == 0 }

  /// As much of `sun_path` as there is.
  var bytes: [UInt8]? {
    guard raw.length > 0 else { return nil }
    return unsafe withUnsafeBytes(of: raw.name) { unsafe Array($0.prefix(raw.length)) }
  }

  /// What an error says that it is about.
  var object: IPCError.Object? {
    if let path { return .path(path) }
    return abstractName.map { .name("@" + String(decoding: $0, as: UTF8.self)) }
  }
}

extension UnixSocket.Address: Hashable, CustomStringConvertible {
  public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// A path as it is, an abstract name behind an `@`, as `ss(8)` has it.
  public var description: String {
    path?.string ?? abstractName.map { "@" + String(decoding: $0, as: UTF8.self) } ?? "unnamed"
  }
}
