internal import CIPC
public import SystemPackage

/// An error that describes a failed call, its object and the reason for the failure.
///
/// Every call in this library throws this type if it fails. Failures include a timeout (`.timedOut`), a call that would
/// block (`.wouldBlock`), a write to a pipe without readers (`.brokenPipe`), and a peer's death (`.ownerDied`). Match
/// on ``errno``:
///
/// ```swift
/// do {
///   try semaphores.set(0, to: 1)
/// } catch where error.errno == .identifierRemoved {
///   // Another process removed the set.
/// }
/// ```
///
/// In a function that does not declare `throws(IPCError)`, end the `do` statement with `catch { throw error }`: see
/// <doc:PortingTraps>.
public struct IPCError: Error, Hashable, Sendable {
  /// The call that failed.
  public let call: Call

  /// The reason for the failure.
  public let errno: Errno

  /// The object that the call operated on, if known.
  public let object: Object?

  /// The number of bytes that had been transferred when the call failed.
  ///
  /// The number is above 0 only for calls that transfer bytes in several steps, such as writing a whole buffer.
  public let transferred: Int

  /// Creates an error, for example in a test.
  public init(_ call: Call, _ errno: Errno, on object: Object? = nil, transferred: Int = 0) {
    self.call = call
    self.errno = errno
    self.object = object
    self.transferred = transferred
  }

  /// The object that a call operated on.
  ///
  /// The object is formatted only when the error is printed.
  public enum Object: Hashable, Sendable {
    /// A file.
    case path(FilePath)
    /// A POSIX message queue, shared memory object or semaphore.
    case name(POSIXName)
    /// An open file description, identified by a descriptor.
    case descriptor(FileDescriptor)
    /// A System V object, identified by its key.
    case key(SystemVKey)
    /// A System V object, identified by its identifier.
    case identifier(Int32)
    /// A process.
    case process(ProcessID)
    /// An Internet socket address.
    case socketAddress(SocketAddress)
    /// A Unix domain socket address.
    indirect case unixAddress(UnixSocket.Address)
    /// An object that has only a description, such as the label of anonymous memory.
    case label(String)
  }

  /// The symbolic name of the error number, such as `EAGAIN`.
  public var symbol: String {
    guard let name = unsafe cipc_errno_symbol(errno.rawValue) else { return "\(errno.rawValue)" }
    return unsafe String(cString: name)
  }

  /// Returns this error with `count` added to the number of transferred bytes.
  package func adding(transferred count: Int) -> IPCError {
    IPCError(call, errno, on: object, transferred: transferred + count)
  }

  /// Returns this error with `count` as the number of transferred bytes.
  @usableFromInline
  func after(_ count: Int) -> IPCError { IPCError(call, errno, on: object, transferred: count) }
}

extension IPCError: CustomStringConvertible {
  /// The call, its object, the reason and any advice: `mq_open '/jobs': No such file or directory (ENOENT)`.
  public var description: String {
    let about = object.map { " \($0)" } ?? ""
    let progress = transferred > 0 ? " after \(transferred) bytes" : ""
    let advice = advice.map { ". \($0)" } ?? ""
    return "\(call)\(about): \(errno) (\(symbol))\(progress)\(advice)"
  }
}

extension IPCError.Object: CustomStringConvertible {
  /// The object as error messages show it, such as `'/jobs'` or `descriptor 5`.
  public var description: String {
    switch self {
    case .path(let path): "'\(path)'"
    case .name(let name): "'\(name)'"
    case .descriptor(let descriptor): "descriptor \(descriptor.rawValue)"
    case .key(let key): "key \(key)"
    case .identifier(let identifier): "identifier \(identifier)"
    case .process(let process): "process \(process)"
    case .socketAddress(let address): "'\(address)'"
    case .unixAddress(let address): "'\(address)'"
    case .label(let label): "'\(label)'"
    }
  }
}

extension Errno {
  /// The owner of the lock or of the other end died without releasing it (`EOWNERDEAD`).
  public static var ownerDied: Errno { Errno(rawValue: Int32(CIPC_EOWNERDEAD)) }
}
