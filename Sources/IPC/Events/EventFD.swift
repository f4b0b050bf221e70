internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A counter with a descriptor, to wake another thread or process.
///
/// ```swift
/// let wakeUp = try EventFD()
/// try wakeUp.write(1)
/// let count = try wakeUp.read()
/// ```
///
/// A child that inherits the descriptor, or a process that receives it over a ``UnixSocket``, shares the counter. The
/// descriptor is readable while the counter is not 0.
///
/// `eventfd(2)`.
@frozen
public struct EventFD: ~Copyable, Sendable, DescriptorOwner {
  @usableFromInline let owned: OwnedDescriptor

  /// The counter's maximum value; a write waits if the sum would exceed this value.
  public static let maximumValue = UInt64.max - 1

  /// Creates a counter; its descriptor is close-on-exec.
  ///
  /// - Parameters:
  ///   - value: The counter's initial value.
  ///   - semaphore: Whether each read subtracts only 1 from the counter, instead of setting it to 0.
  ///   - nonBlocking: Whether the descriptor is nonblocking. Set this for a process that inherits the descriptor; this
  ///     library does not need a nonblocking descriptor.
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `eventfd(2)`.
  public init(value: UInt32 = 0, semaphore: Bool = false, nonBlocking: Bool = false) throws(IPCError) {
    let flags = (semaphore ? Int32(CIPC_EFD_SEMAPHORE) : 0) | (nonBlocking ? O_NONBLOCK : 0)
    owned = try OwnedDescriptor.opened(by: .eventFD) { cipc_eventfd(value, flags) }
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor is not an eventfd. In that case, the previous
  ///   owner keeps the descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    owned = try OwnedDescriptor.adopting(descriptor, "[eventfd]", .eventFD)
  }

  /// The open descriptor, owned and closed by this value.
  @inlinable public var descriptor: FileDescriptor { owned.descriptor }
  /// Transfers ownership of the descriptor to the caller.
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }

  /// Waits until the counter is not 0, sets it to 0, and returns its previous value; in semaphore mode, subtracts 1 and
  /// returns 1.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `read(2)`, or `preadv2(2)` with `RWF_NOWAIT` and `ppoll(2)`.
  @inlinable
  public func read(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) -> UInt64 {
    var value: UInt64 = 0
    if timeout == .never, Self.read(descriptor, &value) >= 0 { return value }
    return try readSlowly(timeout, retryOnInterrupt)
  }

  /// Returns the counter and sets it to 0, like ``read(timeout:retryOnInterrupt:)`` but without waiting.
  ///
  /// - Returns: The counter's previous value, or 1 in semaphore mode; nil if the counter is 0.
  public func tryRead() throws(IPCError) -> UInt64? {
    try nilIfWouldBlock { () throws(IPCError) in try read(timeout: .immediate) }
  }

  /// Adds an amount to the counter, and waits while the sum would exceed ``maximumValue``.
  ///
  /// - Parameters:
  ///   - amount: The number to add, at most ``maximumValue``.
  ///   - timeout: How long to wait. `poll(2)` reports only that 1 can be added to the counter, so with a deadline, or
  ///     on a nonblocking descriptor, the method retries after pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.invalidArgument` if the
  ///   amount exceeds ``maximumValue``; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `write(2)`.
  @inlinable
  public func write(
    _ amount: UInt64, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    if timeout == .never, Self.write(descriptor, amount) >= 0 { return }
    try writeSlowly(amount, timeout, retryOnInterrupt)
  }

  /// Adds an amount to the counter, without waiting.
  ///
  /// - Returns: Whether the amount was added; false if the sum would exceed ``maximumValue``.
  public func tryWrite(_ amount: UInt64) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try write(amount, timeout: .immediate) } != nil
  }

  // The first attempts to read and write contain no error handling, so little code is inlined into the caller.

  @usableFromInline
  static func read(_ descriptor: FileDescriptor, _ value: inout UInt64) -> Int {
    unsafe cipc_eventfd_read(descriptor.rawValue, &value)
  }

  @usableFromInline
  static func write(_ descriptor: FileDescriptor, _ amount: UInt64) -> Int {
    cipc_eventfd_write(descriptor.rawValue, amount)
  }

  /// Continues after the caller's failed first attempt if the timeout is ``Timeout/never``; otherwise makes the first
  /// attempt itself.
  @usableFromInline @inline(never)
  func readSlowly(_ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) -> UInt64 {
    var value: UInt64 = 0
    var result: Result<Int, Errno> =
      timeout.isNever
      ? .failure(Syscall.lastError)
      : Syscall.result(retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_eventfd_read_now(descriptor.rawValue, &value)
      }
    while case .failure(let reason) = result {
      switch reason {
      case .interrupted where retryOnInterrupt: break
      case .wouldBlock:
        try Syscall.waitOrThrow(.read, descriptor, .readable, timeout, retryOnInterrupt: retryOnInterrupt)
      case .notSupported where !timeout.isNever:
        // Before Linux 5.7, eventfd does not support RWF_NOWAIT.
        result = try NonBlocking.result(descriptor, retryOnInterrupt: retryOnInterrupt) {
          unsafe cipc_eventfd_read(descriptor.rawValue, &value)
        }
        continue
      default: throw IPCError(.read, reason, on: .descriptor(descriptor))
      }
      result = Syscall.result(retryOnInterrupt: retryOnInterrupt) {
        timeout.isNever
          ? unsafe cipc_eventfd_read(descriptor.rawValue, &value)
          : unsafe cipc_eventfd_read_now(descriptor.rawValue, &value)
      }
    }
    return value
  }

  /// Continues after the caller's failed first attempt if the timeout is ``Timeout/never``; otherwise makes the first
  /// attempt itself.
  @usableFromInline @inline(never)
  func writeSlowly(_ amount: UInt64, _ timeout: Timeout, _ retryOnInterrupt: Bool) throws(IPCError) {
    var reason = timeout.isNever ? Syscall.lastError : nil
    var backoff = Backoff()
    while true {
      switch reason {
      case nil: break
      case .interrupted? where retryOnInterrupt: break
      case .wouldBlock?:
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.write, timeout.expirationError, on: .descriptor(descriptor))
        }
      case let reason?: throw IPCError(.write, reason, on: .descriptor(descriptor))
      }
      let result = try NonBlocking.result(descriptor, timeout, retryOnInterrupt: retryOnInterrupt) {
        cipc_eventfd_write(descriptor.rawValue, amount)
      }
      guard case .failure(let next) = result else { return }
      reason = next
    }
  }
}

extension OwnedDescriptor {
  /// Whether a descriptor refers to an anonymous inode, such as `[eventfd]`.
  static func isAnonymousInode(_ descriptor: FileDescriptor, _ kind: String) throws(IPCError) -> Bool {
    try Syscall.call(.readlink, on: .descriptor(descriptor)) {
      unsafe cipc_is_anonymous_inode(descriptor.rawValue, "anon_inode:" + kind)
    } == 1
  }

  /// Takes ownership of a descriptor after checking that it refers to an anonymous inode of the given kind.
  static func adopting(
    _ descriptor: FileDescriptor, _ kind: String, _ call: IPCError.Call
  ) throws(IPCError) -> OwnedDescriptor {
    guard try isAnonymousInode(descriptor, kind) else {
      throw IPCError(call, .invalidArgument, on: .descriptor(descriptor))
    }
    return try adopting(descriptor)
  }
}

/// Returns the number after `key` in a descriptor's `/proc/self/fdinfo` entry; nil if the entry has no such key.
func descriptorInformation(of descriptor: FileDescriptor, _ key: String) throws(IPCError) -> Int32? {
  let file = try OwnedDescriptor.opened(by: .open, on: .descriptor(descriptor)) {
    cipc_open_fdinfo(descriptor.rawValue)
  }
  var value: Int32 = 0
  let found = try Syscall.call(.pread, on: .descriptor(descriptor)) {
    unsafe cipc_fdinfo_number(file.descriptor.rawValue, key, &value)
  }
  return found == 1 ? value : nil
}
