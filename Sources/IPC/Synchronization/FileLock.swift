internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Advisory locks on byte ranges of a file; they protect the file only if all programs that use the file lock it.
///
/// ```swift
/// let file = try FileDescriptor.open("/var/lib/jobs", .readWrite)
/// try RecordLock.withLock(on: file, .exclusive, range: FileRange(start: 64, count: 32)) {
///   // No other program that takes the lock reads or writes these bytes now.
/// }
/// ```
///
/// By default, a lock belongs to the open file description (``Owner/openFileDescription``). The lock lasts until it is
/// unlocked, or until the last descriptor for the description is closed, in this process and in all processes that
/// inherited or received one. A C program that uses `F_SETLK` or `lockf(3)` holds a process-owned lock, which conflicts
/// with this lock in the same way.
///
/// `fcntl(2)`.
public enum RecordLock {
  /// The owner of a lock.
  public enum Owner: Hashable, Sendable {
    /// The open file description: `F_OFD_SETLK`.
    ///
    /// Locks on two descriptions conflict even if one process holds both. Duplicates of a descriptor share the lock.
    case openFileDescription
    /// The process: `F_SETLK`.
    ///
    /// If the process closes any descriptor for the file, even one that a library opened only for reading, the process
    /// loses all its locks on the file. A child does not inherit the lock. Threads in one process do not exclude each
    /// other.
    case process
  }

  /// A conflicting lock.
  public struct Conflict: Hashable, Sendable {
    /// Whether the lock is shared or exclusive.
    public let mode: LockMode
    /// The locked bytes.
    public let range: FileRange
    /// The process that holds the lock; nil for an open file description lock, or if that process is not visible in
    /// this PID namespace.
    public let process: ProcessID?
  }

  /// Locks a range of a file, and waits until conflicting locks are released.
  ///
  /// If the owner already holds a lock on part of the range, that part is converted to the new mode.
  ///
  /// - Parameters:
  ///   - descriptor: The file, open for writing for ``LockMode/exclusive``, and for reading for ``LockMode/shared``.
  ///   - mode: Whether other shared locks are allowed.
  ///   - range: The bytes to lock, which need not exist.
  ///   - owner: The owner of the lock.
  ///   - timeout: How long to wait. The system call takes no deadline, so with a deadline, the method retries after
  ///     pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.badFileDescriptor` if the
  ///   file is not open for this mode; `.deadlock` if processes would wait for each other in a cycle, which the kernel
  ///   detects only with ``Owner/process`` and ``Timeout/never``; `.invalidArgument` if the range is empty or begins
  ///   before the start of the file; `.noLocks` if the kernel has no room for another lock, or a network file system's
  ///   lock service is not available.
  ///
  /// Calls `fcntl(2)` with `F_OFD_SETLKW` or `F_SETLKW`; with a timeout, `F_OFD_SETLK` or `F_SETLK`.
  public static func lock(
    _ descriptor: FileDescriptor, _ mode: LockMode, range: FileRange = .wholeFile,
    owner: Owner = .openFileDescription, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let call = Self.call(owner, waiting: timeout.isNever)
    var record = try range.record(mode.type, call, descriptor)
    var backoff = Backoff()
    while true {
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_record_lock(
          descriptor.rawValue, Int32(timeout.isNever ? CIPC_SETLKW : CIPC_SETLK),
          owner == .openFileDescription ? 1 : 0, &record)
      }
      switch result {
      case .success: return
      // POSIX permits either error.
      case .failure(.wouldBlock) where !timeout.isNever, .failure(.permissionDenied) where !timeout.isNever:
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(call, timeout.expirationError, on: .descriptor(descriptor))
        }
      case .failure(let reason): throw IPCError(call, reason, on: .descriptor(descriptor))
      }
    }
  }

  /// Locks a range of a file without waiting.
  ///
  /// - Returns: Whether the file was locked; false if there is a conflicting lock.
  /// - Throws: Any error from ``lock(_:_:range:owner:timeout:retryOnInterrupt:)``.
  public static func tryLock(
    _ descriptor: FileDescriptor, _ mode: LockMode, range: FileRange = .wholeFile,
    owner: Owner = .openFileDescription
  ) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in
      try lock(descriptor, mode, range: range, owner: owner, timeout: .immediate)
    } != nil
  }

  /// Unlocks a range of a file; other bytes locked by the owner stay locked.
  ///
  /// Calls `fcntl(2)` with `F_UNLCK`.
  public static func unlock(
    _ descriptor: FileDescriptor, range: FileRange = .wholeFile, owner: Owner = .openFileDescription,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let call = Self.call(owner, waiting: false)
    var record = try range.record(Int32(CIPC_F_UNLCK), call, descriptor)
    try Syscall.call(call, on: .descriptor(descriptor), retryOnInterrupt: retryOnInterrupt) {
      unsafe cipc_record_lock(
        descriptor.rawValue, Int32(CIPC_SETLK), owner == .openFileDescription ? 1 : 0, &record)
    }
  }

  /// Runs `body` while a range of a file is locked.
  ///
  /// - Throws: Any error from ``lock(_:_:range:owner:timeout:retryOnInterrupt:)`` or `body`.
  public static func withLock<Value: ~Copyable>(
    on descriptor: FileDescriptor, _ mode: LockMode, range: FileRange = .wholeFile,
    owner: Owner = .openFileDescription, timeout: Timeout = .never, _ body: () throws -> Value
  ) throws -> Value {
    try lock(descriptor, mode, range: range, owner: owner, timeout: timeout)
    let result: Value
    do {
      result = try body()
    } catch {
      try unlock(descriptor, range: range, owner: owner)
      throw error
    }
    try unlock(descriptor, range: range, owner: owner)
    return result
  }

  /// Returns a lock that conflicts with the given one; nil if there is none.
  ///
  /// The result can be outdated immediately. To acquire the lock if it is free, call ``tryLock(_:_:range:owner:)``.
  ///
  /// Calls `fcntl(2)` with `F_OFD_GETLK` or `F_GETLK`.
  public static func conflict(
    on descriptor: FileDescriptor, with mode: LockMode, range: FileRange = .wholeFile,
    owner: Owner = .openFileDescription, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Conflict? {
    let call: IPCError.Call = owner == .openFileDescription ? .fcntlOFDGetLock : .fcntlGetLock
    var record = try range.record(mode.type, call, descriptor)
    try Syscall.call(call, on: .descriptor(descriptor), retryOnInterrupt: retryOnInterrupt) {
      unsafe cipc_record_lock(
        descriptor.rawValue, Int32(CIPC_GETLK), owner == .openFileDescription ? 1 : 0, &record)
    }
    if record.type == Int32(CIPC_F_UNLCK) { return nil }
    return Conflict(
      mode: record.type == Int32(CIPC_F_RDLCK) ? .shared : .exclusive,
      range: FileRange(start: record.start, count: record.length == 0 ? nil : record.length),
      process: record.process > 0 ? ProcessID(rawValue: record.process) : nil)
  }

  private static func call(_ owner: Owner, waiting: Bool) -> IPCError.Call {
    switch (owner, waiting) {
    case (.openFileDescription, true): .fcntlOFDSetLockWait
    case (.openFileDescription, false): .fcntlOFDSetLock
    case (.process, true): .fcntlSetLockWait
    case (.process, false): .fcntlSetLock
    }
  }
}

/// Advisory locks on whole files, and on FIFOs, sockets and directories.
///
/// The lock belongs to the open file description, like a ``RecordLock`` with ``RecordLock/Owner/openFileDescription``.
/// It is independent of `fcntl(2)` locks: all programs must use the same call.
///
/// `flock(2)`.
public enum WholeFileLock {
  /// Locks a file, and waits until conflicting locks are released.
  ///
  /// Converting a lock from one mode to the other is not atomic: another process can acquire a lock between the two
  /// steps, and if the call fails, the previous lock can be lost.
  ///
  /// - Parameters:
  ///   - descriptor: The file, open in any access mode.
  ///   - mode: Whether other shared locks are allowed.
  ///   - timeout: How long to wait. The system call takes no deadline, so with a deadline, the method retries after
  ///     pauses of 0.1 to 10 ms.
  ///   - retryOnInterrupt: Whether the call restarts after a signal handler runs; if not, it throws `.interrupted`.
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`.
  ///
  /// Calls `flock(2)` with `LOCK_SH` or `LOCK_EX`, and `LOCK_NB` if there is a timeout.
  public static func lock(
    _ descriptor: FileDescriptor, _ mode: LockMode, timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    let operation = (mode == .shared ? LOCK_SH : LOCK_EX) | (timeout.isNever ? 0 : LOCK_NB)
    var backoff = Backoff()
    while true {
      switch Syscall.result(retryOnInterrupt: retryOnInterrupt, { flock(descriptor.rawValue, operation) }) {
      case .success: return
      case .failure(.wouldBlock) where !timeout.isNever:
        guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
          throw IPCError(.flock, timeout.expirationError, on: .descriptor(descriptor))
        }
      case .failure(let reason): throw IPCError(.flock, reason, on: .descriptor(descriptor))
      }
    }
  }

  /// Locks a file without waiting.
  ///
  /// - Returns: Whether the file was locked; false if there is a conflicting lock.
  public static func tryLock(_ descriptor: FileDescriptor, _ mode: LockMode) throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try lock(descriptor, mode, timeout: .immediate) } != nil
  }

  /// Unlocks a file, for all descriptors that share the open file description.
  ///
  /// Calls `flock(2)` with `LOCK_UN`.
  public static func unlock(_ descriptor: FileDescriptor, retryOnInterrupt: Bool = true) throws(IPCError) {
    try Syscall.call(.flock, on: .descriptor(descriptor), retryOnInterrupt: retryOnInterrupt) {
      flock(descriptor.rawValue, LOCK_UN)
    }
  }
}

/// Whether a lock on a file allows other locks.
public enum LockMode: Hashable, Sendable {
  /// Other shared locks are allowed, because several processes can read at the same time.
  case shared
  /// No other lock is allowed.
  case exclusive

  fileprivate var type: Int32 { self == .shared ? Int32(CIPC_F_RDLCK) : Int32(CIPC_F_WRLCK) }
}

/// A byte range in a file; it can extend past the end of the file.
public struct FileRange: Hashable, Sendable {
  /// The first byte; if ``count`` is negative, the byte after the last byte in the range.
  public let start: Int64
  /// The number of bytes; nil for all bytes starting at ``start``, even if the file grows.
  ///
  /// A negative number counts back from ``start``.
  public let count: Int64?

  /// Creates a range of `count` bytes, or of all bytes starting at `start`.
  public init(start: Int64, count: Int64? = nil) { (self.start, self.count) = (start, count) }

  /// All bytes, even if the file grows.
  public static var wholeFile: FileRange { FileRange(start: 0) }

  /// Returns the range in the kernel's format, in which a length of 0 means all bytes after the start.
  fileprivate func record(
    _ type: Int32, _ call: IPCError.Call, _ descriptor: FileDescriptor
  ) throws(IPCError) -> cipc_record_lock {
    if count == 0 { throw IPCError(call, .invalidArgument, on: .descriptor(descriptor)) }
    return cipc_record_lock(start: start, length: count ?? 0, type: type, process: 0)
  }
}
