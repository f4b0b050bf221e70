package import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension UnixSocket {
  /// A Unix domain socket address: a path, an abstract name, or empty.
  ///
  /// The value has the kernel's layout (`struct sockaddr_un`), so using it does not allocate.
  ///
  /// `unix(7)`.
  public struct Address: Sendable {
    package var raw: cipc_address

    /// The empty address; if a socket is bound to it, the kernel chooses an unused abstract name.
    public static var unnamed: Address { Address(cipc_address_of_unix(nil, 0)) }

    /// The maximum length of a path or an abstract name, in bytes.
    public static let maximumLength = Int(CIPC_SUN_PATH) - 1

    /// Creates an address from a path.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` if the path is longer than ``maximumLength`` bytes; use a shorter
    ///   path, or one relative to the working directory. `.noSuchFileOrDirectory` if the path is empty.
    public init(path: FilePath) throws(IPCError) {
      guard path.length <= Self.maximumLength else { throw IPCError(.socket, .fileNameTooLong, on: .path(path)) }
      guard path.length > 0 else { throw IPCError(.socket, .noSuchFileOrDirectory, on: .path(path)) }
      // The length includes the NUL because some programs that read the address expect it.
      raw = unsafe path.withPlatformString { unsafe cipc_address_of_unix($0, path.length + 1) }
    }

    /// Creates an address from an abstract name, which exists until its socket is closed.
    ///
    /// The name can contain NUL bytes, and no NUL is added. An abstract name has no permissions: any process in the
    /// same network namespace can connect to it, or bind it first.
    ///
    /// - Throws: ``IPCError`` with `.fileNameTooLong` if the name is longer than ``maximumLength`` bytes.
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
  /// Compares the bytes of the addresses, so a path and a link to it are not equal.
  public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  /// Hashes the bytes of the address.
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// The path, the abstract name prefixed with `@` as in `ss(8)`, or `unnamed`.
  public var description: String {
    path?.string ?? abstractName.map { "@" + String(decoding: $0, as: UTF8.self) } ?? "unnamed"
  }
}

extension UnixSocket.Socket {
  /// Binds the socket to an address, so that other processes can find it.
  ///
  /// A path remains in the file system until it is unlinked.
  ///
  /// - Parameters:
  ///   - address: The path or abstract name; if empty, the kernel chooses an abstract name.
  ///   - permissions: The permissions of the path. Connecting requires write permission.
  ///   - applyUmask: Whether to apply the process's umask, as in C. If false, the path has exactly the requested
  ///     permissions from the start, and the umask of other threads does not change.
  ///   - replaceStale: Whether to replace a path left behind by a process that died. A path that refers to an open
  ///     socket or to a different kind of file is never replaced. Replacing a path requires read permission for the
  ///     directory.
  /// - Throws: ``IPCError`` with `.addressInUse` if the address exists; `.invalidArgument` if the socket is already
  ///   bound; `.noSuchFileOrDirectory` if the directory does not exist; `.permissionDenied` if it is not writable;
  ///   `.wouldBlock` if another process kept the directory locked for two seconds.
  ///
  /// Calls `bind(2)`, and `fchmod(2)` for a path.
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

  /// The socket's address; unnamed unless the socket is bound.
  ///
  /// Calls `getsockname(2)`.
  public var address: UnixSocket.Address {
    get throws(IPCError) { UnixSocket.Address(try SocketNames.address(of: descriptor, peer: false)) }
  }

  /// The address of the connected peer; a client's address is usually unnamed.
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
  /// The socket and its connections stay open. For an abstract name, this does nothing, because the name exists only
  /// until its socket is closed.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.addressInUse` if the path is not a socket, in which case
  ///   it is not removed.
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
  /// A process holds the lock only for a few nonblocking calls, so it normally releases the lock much sooner.
  private static let longestTurn = Duration.seconds(2)

  /// Locks the directory that contains a path until the returned descriptor is closed.
  ///
  /// Without this lock, two processes could both find that the path is stale, and the second process would remove the
  /// path that the first process has just created.
  static func takeTurn(in path: FilePath) throws(IPCError) -> OwnedDescriptor {
    let parent = path.removingLastComponent()
    let directory = parent.isEmpty ? "." : parent
    let lock = try OwnedDescriptor.opened(by: .open, on: .path(directory)) {
      unsafe directory.withPlatformString { unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    // Any process with read permission for the directory can hold the lock indefinitely.
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
      // A program that does not take this lock may have replaced the path in the meantime.
      guard try file.status.isSameFile(as: try located(path).status) else { return }
      try unlink(path)
    } catch  where error.errno == .noSuchFileOrDirectory {
      // Another process has removed the path.
    }
  }

  /// Returns whether the path is stale: no process has its socket open.
  ///
  /// This function connects a datagram socket, so a listener does not see a connection. The error shows whether the
  /// path's socket is closed, or is open but is of a different type.
  private static func isStale(_ path: FilePath) throws(IPCError) -> Bool {
    do throws(IPCError) {
      try UnixSocket.Datagram().connect(to: UnixSocket.Address(path: path), timeout: .immediate)
      return false
    } catch  where error.errno == .connectionRefused {
      return true
    } catch  where [.protocolWrongTypeForSocket, .notPermitted, .permissionDenied].contains(error.errno) {
      // The socket is open or connected to another socket, or this process is not permitted to connect to it.
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
