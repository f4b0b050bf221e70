internal import CIPC
internal import Glibc
public import SystemPackage

/// A number that processes add to and take from, and wait for: the least that a descriptor can be.
///
/// ```swift
/// let wakeUps = try EventCounter()
/// try wakeUps.add(1)
/// if case .took(let count) = try wakeUps.take(patience: .none) { print(count) }
/// ```
///
/// Others have it who inherit it, or are passed it over a ``UnixSocket``. It is readable when it is not 0.
///
/// `eventfd(2)`.
public struct EventCounter: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  /// What a taker takes, of a counter that is not 0.
  public enum Form: Hashable, Sendable {
    /// All of it, which leaves 0.
    case counter
    /// 1 of it, which leaves the rest to others.
    case semaphore
  }

  /// The most that it can be. To add more than there is room for waits.
  public static let limit = UInt64.max - 1

  /// Makes a counter. It is close-on-exec.
  ///
  /// - Parameter nonBlocking: Whether it is non-blocking for whoever is passed it. The calls here need it not: how long each
  ///   may wait is told by its patience.
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `eventfd(2)`.
  public init(_ form: Form = .counter, value: UInt32 = 0, nonBlocking: Bool = false) throws(IPCError) {
    let flags = (form == .semaphore ? Int32(CIPC_EFD_SEMAPHORE) : 0) | (nonBlocking ? O_NONBLOCK : 0)
    let number = try Kernel.call("eventfd") { cipc_eventfd(value, flags) }
    owned = OwnedDescriptor(taking: FileDescriptor(rawValue: number))
  }

  /// Takes over a counter that this process was started with or was passed, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when it is something else. It stays its owner's then.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    let object = IPCError.Object.descriptor(descriptor)
    let isCounter = try Kernel.call("readlink", on: object) { cipc_is_eventfd(descriptor.rawValue) }
    guard isCounter == 1 else { throw IPCError(call: "eventfd", errno: .invalidArgument, object: object) }
    try Kernel.call("fcntl F_SETFD", on: object) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    owned = OwnedDescriptor(taking: descriptor)
  }

  public var descriptor: FileDescriptor { owned.descriptor }

  /// Calls `close(2)`, once.
  public consuming func close() throws(IPCError) { try owned.close() }

  /// Gives the descriptor to a new owner.
  public consuming func release() -> FileDescriptor { owned.release() }
}
