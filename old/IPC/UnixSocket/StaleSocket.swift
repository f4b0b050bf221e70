internal import CIPC
internal import Glibc
internal import SystemPackage

/// The file of a socket, held without opening it, so that what is checked is what is changed.
struct SocketFile: ~Copyable {
  private let path: FilePath
  private let file: OwnedDescriptor
  private let mode: mode_t

  /// - Throws: ``IPCError`` with `.addressInUse` for what is no socket, such as a symbolic link.
  init(_ path: FilePath) throws(IPCError) {
    let number: Int32
    switch unsafe path.withPlatformString({ path in Kernel.attempt { unsafe cipc_open_path(path) } }) {
    case .success(let value): number = value
    case .failure(let reason): throw IPCError(call: "open", errno: reason, object: .path(path))
    }
    let file = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
    var status = stat()
    try Kernel.call("fstat", on: .path(path)) { unsafe fstat(number, &status) }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw IPCError(call: "bind", errno: .addressInUse, object: .path(path))
    }
    self.path = path
    self.file = file
    mode = status.st_mode & 0o7777
  }

  func setPermissions(_ permissions: FilePermissions) throws(IPCError) {
    guard mode != permissions.rawValue else { return }
    try Kernel.call("chmod", on: .path(path)) { cipc_chmod(file.descriptor.rawValue, permissions.rawValue) }
  }
}

/// A path whose socket nobody has any more.
enum StaleSocket {
  /// Whoever replaces a path makes a few calls that do not wait.
  private static let longestTurn = Duration.seconds(2)

  /// Removes the path if it is stale, and binds.
  ///
  /// Two processes that come at once would each find it stale, and the second would remove what the first had bound in
  /// the meantime. So they take turns, by a lock of the directory, which leaves nothing behind.
  static func replaced(
    _ path: FilePath, _ address: UnixSocket.Address, bind: () throws(IPCError) -> Void
  ) throws(IPCError) {
    let directory = path.removingLastComponent()
    let name = directory.isEmpty ? "." : directory
    let opened = unsafe name.withPlatformString { name in
      Kernel.attempt { unsafe open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    guard case .success(let number) = opened else {
      guard case .failure(let reason) = opened else { return }
      throw IPCError(call: "open", errno: reason, object: .path(name))
    }
    let lock = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
    try take(lock, of: name)
    if try isStale(path, address) {
      try address.unlink()
    }
    try bind()
    try lock.close()
  }

  /// Takes the lock, which anybody can hold who may read the directory: so nobody waits for it for ever.
  private static func take(_ lock: borrowing OwnedDescriptor, of directory: FilePath) throws(IPCError) {
    let patience = Patience.atMost(longestTurn)
    var backoff = Backoff()
    while true {
      let result = Kernel.attempt { flock(lock.descriptor.rawValue, LOCK_EX | LOCK_NB) }
      switch result {
      case .success: return
      case .failure(let reason):
        guard reason == .wouldBlock, let next = backoff.next(before: patience) else {
          throw IPCError(call: "flock", errno: reason, object: .path(directory))
        }
        try Kernel.sleep(until: next)
      }
    }
  }

  /// Whether there is a socket at that path which no process has.
  ///
  /// It is asked with a datagram socket: a living socket of another type says so without a connection being made, even
  /// one that does not listen yet, for which a stream would be refused just as for a dead one.
  private static func isStale(_ path: FilePath, _ address: UnixSocket.Address) throws(IPCError) -> Bool {
    do {
      _ = try SocketFile(path)
    } catch let error where error.errno == .noSuchFileOrDirectory {
      return false
    }
    do {
      return try UnixSocket.Datagram().connect(to: address, patience: .none) == .refused
    } catch let error where [.protocolWrongTypeForSocket, .notPermitted, .permissionDenied].contains(error.errno) {
      // Of another type, connected to another, or not for us to connect to.
      return false
    }
  }
}
