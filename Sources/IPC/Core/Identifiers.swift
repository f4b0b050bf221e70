public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The name of a POSIX message queue, shared memory object or named semaphore: a slash, and up to 255 bytes other than
/// slash and NUL.
///
/// ```swift
/// let queue = try POSIXMessageQueue.Receiver.open("/jobs")
/// ```
///
/// A name looks like a path but is not one. It consists of bytes, not text, so two names are equal if their bytes are
/// equal. Each call checks that the name it receives is valid.
///
/// `mq_overview(7)`, `shm_overview(7)`, `sem_overview(7)`.
public struct POSIXName: Hashable, Sendable {
  /// The bytes and the terminating NUL.
  private let storage: [UInt8]

  /// Creates a name from its bytes.
  ///
  /// If the name contains a NUL, calls throw `.invalidArgument`, because a C function would use only the part before
  /// the NUL.
  public init(bytes: some Sequence<UInt8>) { storage = Array(bytes) + [0] }

  /// Creates a name from the UTF-8 bytes of a string.
  public init(_ text: some StringProtocol) { self.init(bytes: text.utf8) }

  /// The bytes, without the terminating NUL.
  public var bytes: ArraySlice<UInt8> { storage.dropLast() }

  /// Calls `body` with the name as a C string.
  @inline(__always)
  package func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
    unsafe storage.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("a name ends in NUL") }
      return unsafe start.withMemoryRebound(to: CChar.self, capacity: buffer.count) { unsafe body($0) }
    }
  }

  /// Rejects names that only some C libraries accept, such as a name without a slash.
  ///
  /// Also rejects `/.`, which refers to the directory that contains all objects.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument`; `.fileNameTooLong` if more than `maximumLength` bytes follow the
  ///   slash.
  package func validate(for call: IPCError.Call, maximumLength: Int) throws(IPCError) {
    try requireWhole(for: call)
    let rest = bytes.dropFirst()
    guard bytes.first == UInt8(ascii: "/"), !rest.isEmpty, !rest.contains(UInt8(ascii: "/")),
      !(rest.count <= 2 && rest.allSatisfy { $0 == UInt8(ascii: ".") })
    else { throw IPCError(call, .invalidArgument, on: .name(self)) }
    if rest.count > maximumLength { throw IPCError(call, .fileNameTooLong, on: .name(self)) }
  }

  /// Rejects a name that contains a NUL, because a C function would use only the part before the NUL.
  package func requireWhole(for call: IPCError.Call) throws(IPCError) {
    if bytes.contains(0) { throw IPCError(call, .invalidArgument, on: .name(self)) }
  }
}

extension POSIXName: ExpressibleByStringLiteral, CustomStringConvertible {
  /// Creates a name from a literal; the call that uses the name checks it.
  public init(stringLiteral text: String) { self.init(text) }

  /// The bytes decoded as UTF-8; invalid bytes are replaced.
  public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// A process ID (`pid_t`).
///
/// After a process has ended and been reaped, the kernel can assign its ID to a new process. A ``PIDFD``, in contrast,
/// never refers to another process.
public struct ProcessID: RawRepresentable, Hashable, Sendable {
  /// The process ID (`pid_t` in C).
  public let rawValue: Int32
  /// Creates a process ID; the process need not exist.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// This process's ID.
  ///
  /// Calls `getpid(2)`.
  public static var current: ProcessID { ProcessID(rawValue: getpid()) }
}

extension ProcessID: CustomStringConvertible, ExpressibleByIntegerLiteral {
  /// Creates a process ID; the process need not exist.
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }
  /// The ID in decimal.
  public var description: String { "\(rawValue)" }
}

extension UserID {
  /// This process's effective user ID.
  ///
  /// Calls `geteuid(2)`.
  public static var effective: UserID { UserID(rawValue: geteuid()) }
}

extension GroupID {
  /// This process's effective group ID.
  ///
  /// Calls `getegid(2)`.
  public static var effective: GroupID { GroupID(rawValue: getegid()) }
}
