internal import CIPC
internal import Synchronization
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A value with a file descriptor that ``PollSet`` and ``Epoll`` can wait for.
public protocol DescriptorRepresentable: ~Copyable {
  /// The descriptor. Do not close it: this value still owns it.
  var descriptor: FileDescriptor { get }
}

/// A value that owns a file descriptor and closes it when the value is destroyed.
public protocol DescriptorOwner: DescriptorRepresentable, ~Copyable {
  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// If the initializer throws, the previous owner keeps the descriptor.
  init(adopting descriptor: FileDescriptor) throws(IPCError)

  /// Transfers ownership of the descriptor to the caller.
  consuming func takeDescriptor() -> OwnedDescriptor
}

extension DescriptorOwner where Self: ~Copyable {
  /// Takes ownership of a received descriptor.
  ///
  /// If the initializer throws, the descriptor is closed.
  ///
  /// ```swift
  /// let log = try PipeReader(adopting: connection.receiveDescriptor())
  /// ```
  ///
  /// - Throws: Any error from the initializer that adopts a `FileDescriptor`.
  public init(adopting owner: consuming OwnedDescriptor) throws(IPCError) {
    try self.init(adopting: owner.descriptor)
    _ = owner.release()
  }

  /// Closes the descriptor and throws if that fails; destroying the value ignores a failure.
  ///
  /// Calls `close(2)` once: on Linux, the descriptor is closed even if the call fails.
  public consuming func close() throws(IPCError) { try takeDescriptor().close() }

  /// Gives up ownership: the descriptor stays open, and the caller must close it.
  public consuming func release() -> FileDescriptor { takeDescriptor().release() }
}

extension DescriptorRepresentable where Self: ~Copyable {
  /// Whether `O_NONBLOCK` is set on the open file description, for all processes that share it.
  ///
  /// Calls `fcntl(2)` with `F_GETFL`.
  public var isNonBlocking: Bool {
    get throws(IPCError) { try NonBlocking.isSet(descriptor) }
  }

  /// Sets or clears `O_NONBLOCK` on the open file description, for all processes that share it.
  ///
  /// This library does not need this flag: each call takes its own timeout.
  ///
  /// Calls `fcntl(2)` with `F_SETFL`.
  public func setNonBlocking(_ nonBlocking: Bool) throws(IPCError) {
    try NonBlocking.set(descriptor, nonBlocking)
  }

  /// Waits until the descriptor is ready for one of `events`.
  ///
  /// - Returns: The events that occurred.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `ppoll(2)`.
  @discardableResult
  public func wait(
    for events: Readiness, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Readiness {
    let ready = try Syscall.wait(
      for: events, of: descriptor.rawValue, until: timeout, retryOnInterrupt: retryOnInterrupt)
    if ready.isEmpty { throw IPCError(.ppoll, timeout.expirationError, on: .descriptor(descriptor)) }
    return ready
  }

  /// The number of bytes that can be read without waiting.
  package func countBytesAvailable() throws(IPCError) -> Int {
    var count: Int32 = 0
    try Syscall.call(.ioctlBytesAvailable, on: .descriptor(descriptor)) {
      unsafe ioctl(descriptor.rawValue, UInt(FIONREAD), &count)
    }
    return Int(count)
  }
}

/// A file descriptor that is closed when its owner is destroyed.
public struct OwnedDescriptor: ~Copyable, Sendable, DescriptorOwner {
  /// The open descriptor, owned and closed by this value.
  public let descriptor: FileDescriptor

  /// Takes ownership of an open descriptor.
  @inlinable public init(taking descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// Takes ownership of an inherited descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.badFileDescriptor` if the descriptor is not open.
  ///
  /// Calls `fcntl(2)` with `F_SETFD`.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) { self = try Self.adopting(descriptor) }

  package init(taking number: Int32) { descriptor = FileDescriptor(rawValue: number) }

  // A failure cannot be reported here; close() reports it.
  deinit { _ = Self.close(descriptor) }

  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { self }

  /// Closes the descriptor and throws if that fails; destroying the value ignores a failure.
  ///
  /// Calls `close(2)` once: on Linux, the descriptor is closed even if the call fails.
  public consuming func close() throws(IPCError) {
    let descriptor = descriptor
    discard self
    if case .failure(let reason) = Self.close(descriptor) {
      throw IPCError(.close, reason, on: .descriptor(descriptor))
    }
  }

  /// Gives up ownership: the descriptor stays open, and the caller must close it.
  public consuming func release() -> FileDescriptor {
    let descriptor = descriptor
    discard self
    return descriptor
  }

  /// Takes ownership of a new descriptor that a call returns; the call returns -1 if it fails.
  package static func opened(
    by call: IPCError.Call, on object: @autoclosure () -> IPCError.Object? = nil, retryOnInterrupt: Bool = true,
    _ body: () -> Int32
  ) throws(IPCError) -> OwnedDescriptor {
    OwnedDescriptor(taking: try Syscall.call(call, on: object(), retryOnInterrupt: retryOnInterrupt, body))
  }

  /// Takes ownership of an inherited descriptor and sets its close-on-exec flag, which is always clear after an exec.
  ///
  /// If the function throws, the previous owner keeps the descriptor.
  package static func adopting(_ descriptor: FileDescriptor) throws(IPCError) -> OwnedDescriptor {
    try Syscall.call(.fcntlSetCloseOnExec, on: .descriptor(descriptor)) {
      fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC)
    }
    return OwnedDescriptor(taking: descriptor)
  }

  /// On Linux, `close(2)` frees the descriptor number even if it fails with `EINTR`, so a second call could close
  /// another file.
  private static func close(_ descriptor: FileDescriptor) -> Result<Int32, Errno> {
    let result = Syscall.result(retryOnInterrupt: false) {
      #if canImport(Glibc)
        Glibc.close(descriptor.rawValue)
      #else
        Musl.close(descriptor.rawValue)
      #endif
    }
    return result.failed(with: .interrupted) ? .success(0) : result
  }
}

/// Makes calls nonblocking if they have no flag for this, by setting `O_NONBLOCK` on the open file description during
/// the call.
///
/// Only one thread in this process changes the flag at a time. Otherwise, one thread could mistake a flag that another
/// thread has set for the description's own state, and its blocking call would fail with `EAGAIN`.
enum NonBlocking {
  private static let turn = Mutex(())

  /// Performs a call that returns -1 when it fails.
  ///
  /// The call waits only if the timeout is ``Timeout/never``. `timeLimit` is the socket's time limit that applies to the
  /// call; nil if the descriptor is not a socket.
  static func result(
    _ descriptor: FileDescriptor, _ timeout: Timeout, timeLimit: SocketTimeLimit? = nil, retryOnInterrupt: Bool,
    _ body: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    if !timeout.isNever { return try result(descriptor, retryOnInterrupt: retryOnInterrupt, body) }
    while true {
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt, body)
      switch result {
      // If the flag is no longer set, either the socket's time limit has expired, or another thread had set the flag
      // only for its own call: try again.
      case .failure(.wouldBlock), .failure(.nowInProgress), .failure(.alreadyInProcess):
        if try isSet(descriptor) || timeLimit?.isSet(on: descriptor) == true { return result }
      default: return result
      }
    }
  }

  /// Performs a call without waiting.
  ///
  /// The lock is also held if the flag is already set, because another thread must not clear it before the call. Another
  /// process that shares the open file description can do so, if it had set the flag only for a call of its own: then
  /// the call waits, and other threads' calls wait for the lock.
  static func result(
    _ descriptor: FileDescriptor, retryOnInterrupt: Bool, _ body: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    try turn.withLock { (_) throws(IPCError) in
      let flags = try statusFlags(of: descriptor)
      if flags & O_NONBLOCK != 0 { return Syscall.result(retryOnInterrupt: retryOnInterrupt, body) }
      try setStatusFlags(of: descriptor, flags | O_NONBLOCK)
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt, body)
      try setStatusFlags(of: descriptor, flags)
      return result
    }
  }

  static func isSet(_ descriptor: FileDescriptor) throws(IPCError) -> Bool {
    try turn.withLock { (_) throws(IPCError) in try statusFlags(of: descriptor) & O_NONBLOCK != 0 }
  }

  static func set(_ descriptor: FileDescriptor, _ nonBlocking: Bool) throws(IPCError) {
    try turn.withLock { (_) throws(IPCError) in
      let flags = try statusFlags(of: descriptor)
      try setStatusFlags(of: descriptor, nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
    }
  }

  static func statusFlags(of descriptor: FileDescriptor) throws(IPCError) -> Int32 {
    try Syscall.call(.fcntlGetFlags, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_GETFL) }
  }

  static func setStatusFlags(of descriptor: FileDescriptor, _ flags: Int32) throws(IPCError) {
    try Syscall.call(.fcntlSetFlags, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFL, flags) }
  }
}

/// A descriptor's readiness: the events that `poll(2)` and `epoll(7)` report.
public struct Readiness: OptionSet, Hashable, Sendable {
  /// The events as bits of `struct pollfd`: `POLLIN`, `POLLOUT` and others.
  public let rawValue: Int16
  /// Creates a set from bits of `struct pollfd`.
  public init(rawValue: Int16) { self.rawValue = rawValue }

  /// Reading does not block (`POLLIN`).
  public static let readable = Readiness(rawValue: Int16(POLLIN))
  /// Writing at least one byte does not block (`POLLOUT`).
  public static let writable = Readiness(rawValue: Int16(POLLOUT))
  /// An error is pending, or all of a pipe's readers are gone (`POLLERR`).
  ///
  /// This event is reported even if it was not requested.
  public static let error = Readiness(rawValue: Int16(POLLERR))
  /// The peer closed its end; there can still be unread data (`POLLHUP`).
  ///
  /// This event is reported even if it was not requested.
  public static let hangUp = Readiness(rawValue: Int16(POLLHUP))
  /// A socket has urgent data (`POLLPRI`).
  public static let priority = Readiness(rawValue: Int16(POLLPRI))
  /// The peer of a stream socket shut down its write side, or closed the socket (`POLLRDHUP`).
  public static let peerHangUp = Readiness(rawValue: Int16(CIPC_POLLRDHUP))
  /// The descriptor is not open (`POLLNVAL`).
  ///
  /// This event is reported even if it was not requested, but only by `poll(2)`.
  public static let notOpen = Readiness(rawValue: Int16(POLLNVAL))
}
