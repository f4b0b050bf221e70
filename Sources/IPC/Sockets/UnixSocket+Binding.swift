package import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket {
  /// The address of a Unix domain socket: a path, an abstract name, or nothing.
  ///
  /// It has the kernel's layout (`struct sockaddr_un`), so using it does not allocate.
  ///
  /// `unix(7)`.
  public struct Address: Sendable {
    package var raw: cipc_address

    /// The empty address: binding a socket to it makes the kernel choose an unused abstract name.
    public static var unnamed: Address { Address(cipc_address_of_unix(nil, 0)) }

    /// The maximum length of a path or an abstract name, in bytes.
    public static let maximumLength = Int(CIPC_SUN_PATH) - 1

    /// Creates an address from a path.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` for more than ``maximumLength`` bytes; use a shorter path, or one
    ///   relative to the working directory. `.noSuchFileOrDirectory` for an empty path.
    public init(path: FilePath) throws(IPCError) {
      guard path.length <= Self.maximumLength else { throw IPCError(.socket, .fileNameTooLong, on: .path(path)) }
      guard path.length > 0 else { throw IPCError(.socket, .noSuchFileOrDirectory, on: .path(path)) }
      // The length includes the NUL, because some programs that read the address expect it.
      raw = unsafe path.withPlatformString { unsafe cipc_address_of_unix($0, path.length + 1) }
    }

    /// Creates an address from an abstract name, which disappears with its socket.
    ///
    /// The name consists of bytes, which may include NUL; no NUL is added. It has no permissions: any process in the
    /// same network namespace can connect to it, or bind it first.
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
      // A path need not be UTF-8, so it is not converted to a string.
      return FilePath(platformString: bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0])
    }

    /// The abstract name; nil for other addresses.
    public var abstractName: [UInt8]? {
      guard let bytes, bytes.first == 0 else { return nil }
      return Array(bytes.dropFirst())
    }

    /// Whether the address is empty.
    public var isUnnamed: Bool { Int(raw.length) <= MemoryLayout<sa_family_t>.size }

    var isPath: Bool {
      var length = 0
      return unsafe withUnsafePointer(to: raw) {
        let path = unsafe cipc_unix_path($0, &length)
        return unsafe length > 0 && path?.pointee != 0
      }
    }

    /// The used part of `sun_path`; nil if it is empty.
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
  /// Compares the bytes of the addresses: a path and a link to it are different.
  public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  /// Hashes the bytes of the address.
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// The path, or the abstract name after an `@` as `ss(8)` shows it, or `unnamed`.
  public var description: String {
    path?.string ?? abstractName.map { "@" + String(decoding: $0, as: UTF8.self) } ?? "unnamed"
  }
}

extension UnixSocket.Socket {
  /// Binds the socket to an address, so that other processes can find it.
  ///
  /// A path stays until it is unlinked.
  ///
  /// - Parameters:
  ///   - address: The path or abstract name; without a name, the kernel chooses an abstract one.
  ///   - permissions: The permissions of the path. Connecting requires the permission to write.
  ///   - applyUmask: Whether the process's umask removes permissions, as in C. If not, the path has exactly the
  ///     requested permissions from the start, and the umask of other threads does not change.
  ///   - replaceStale: Whether to replace a path that a process left behind when it died. The path of an open socket or
  ///     of another kind of file is never replaced. This requires the permission to read the directory.
  /// - Throws: ``IPCError`` with `.addressInUse` if the address exists; `.invalidArgument` if the socket is bound;
  ///   `.noSuchFileOrDirectory` or `.permissionDenied` for the directory; `.wouldBlock` if another process locked the
  ///   directory for two seconds.
  ///
  /// Calls `bind(2)`; `fchmod(2)` for a path.
  public func bind(
    to address: UnixSocket.Address, permissions: FilePermissions = .ownerReadWrite, applyUmask: Bool = false,
    replaceStale: Bool = false
  ) throws(IPCError) {
    guard address.isPath else {
      return try SocketNames.bind(descriptor, to: address.raw, on: .unixAddress(address))
    }
    let mode = permissions.rawValue
    var raw = address.raw
    func bind() throws(IPCError) {
      try Syscall.call(.bind, on: .unixAddress(address)) {
        unsafe cipc_bind_path(descriptor.rawValue, &raw, mode, applyUmask ? 0 : 1)
      }
    }
    do {
      try bind()
    } catch {
      guard error.errno == .addressInUse, replaceStale, let path = address.path else { throw error }
      let turn = try StaleSocket.takeTurn(in: path)
      try StaleSocket.remove(path)
      try bind()
      try turn.close()
    }
  }

  /// The address of this socket; unnamed unless it is bound.
  ///
  /// Calls `getsockname(2)`.
  public var address: UnixSocket.Address {
    get throws(IPCError) { UnixSocket.Address(try SocketNames.address(of: descriptor, peer: false)) }
  }

  /// The address of the socket that this one is connected to; a client is usually unnamed.
  ///
  /// - Throws: ``IPCError`` with `.socketNotConnected`.
  ///
  /// Calls `getpeername(2)`.
  public var peerAddress: UnixSocket.Address {
    get throws(IPCError) { UnixSocket.Address(try SocketNames.address(of: descriptor, peer: true)) }
  }
}

extension UnixSocket.Address {
  /// Removes the path.
  ///
  /// Its socket and connections stay open. This does nothing for an abstract name, which disappears with its socket.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.addressInUse` if the path is not a socket, which then
  ///   stays.
  ///
  /// Calls `unlink(2)`.
  public func unlink() throws(IPCError) {
    guard let path else { return }
    _ = try StaleSocket.located(path)
    try StaleSocket.unlink(path)
  }
}

/// Removes the paths of sockets that no process has open.
enum StaleSocket {
  /// The maximum time to wait for the lock.
  ///
  /// The owner makes only a few non-blocking calls, so it normally releases the lock much sooner.
  private static let longestTurn = Duration.seconds(2)

  /// Locks the directory of a path, until the returned descriptor is closed.
  ///
  /// Without this lock, two processes could find the same path stale, and the second process would remove the new path
  /// of the first.
  static func takeTurn(in path: FilePath) throws(IPCError) -> OwnedDescriptor {
    let parent = path.removingLastComponent()
    let directory = parent.isEmpty ? "." : parent
    let lock = try OwnedDescriptor.opened(by: .open, on: .path(directory)) {
      unsafe directory.withPlatformString { unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    // Any process with permission to read the directory can hold the lock indefinitely.
    let timeout = Timeout.after(longestTurn)
    var backoff = Backoff()
    while true {
      switch Syscall.result({ flock(lock.descriptor.rawValue, LOCK_EX | LOCK_NB) }) {
      case .success: return lock
      case .failure(let reason):
        guard reason == .wouldBlock, try backoff.sleep(before: timeout, retryOnInterrupt: true) else {
          throw IPCError(.flock, reason, on: .path(directory))
        }
      }
    }
  }

  /// Removes the path if no process has its socket open.
  static func remove(_ path: FilePath) throws(IPCError) {
    do throws(IPCError) {
      let file = try located(path)
      guard try isStale(path) else { return }
      // A program that does not use this lock may have replaced the path in the meantime.
      guard try file.status.isSameFile(as: try located(path).status) else { return }
      try unlink(path)
    } catch  where error.errno == .noSuchFileOrDirectory {
      // Another process has removed the path.
    }
  }

  /// Whether no process has the socket of the path open.
  ///
  /// This connects a datagram socket. An open socket of another type refuses the connection, even before it listens,
  /// with a different error than a closed socket. So this never establishes a connection.
  private static func isStale(_ path: FilePath) throws(IPCError) -> Bool {
    do throws(IPCError) {
      try UnixSocket.Datagram().connect(to: UnixSocket.Address(path: path), timeout: .immediate)
      return false
    } catch  where error.errno == .connectionRefused {
      return true
    } catch  where [.protocolWrongTypeForSocket, .notPermitted, .permissionDenied].contains(error.errno) {
      // The socket is open, or connected to another socket, or this process is not permitted to connect to it.
      return false
    }
  }

  static func located(_ path: FilePath) throws(IPCError) -> LocatedFile {
    let file = try LocatedFile(path)
    guard try file.status.isSocket else { throw IPCError(.bind, .addressInUse, on: .path(path)) }
    return file
  }

  static func unlink(_ path: FilePath) throws(IPCError) {
    try Syscall.call(.unlink, on: .path(path)) {
      unsafe path.withPlatformString { path in
        #if canImport(Glibc)
          unsafe Glibc.unlink(path)
        #else
          unsafe Musl.unlink(path)
        #endif
      }
    }
  }
}
