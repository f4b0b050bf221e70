internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A POSIX message queue.
///
/// Messages arrive whole and in order of priority; messages with the same priority arrive in the order in which they
/// were sent.
///
/// ```swift
/// let sender = try POSIXMessageQueue.Sender.createOrOpen("/jobs")
/// try sender.send(message.span, priority: 9, timeout: .after(.seconds(1)))
/// ```
///
/// The type of an open queue determines its access: a ``Receiver`` cannot send. The queue stays in the kernel until its
/// name is removed (``unlink(_:)``) and all processes have closed it.
///
/// `mq_overview(7)`.
public enum POSIXMessageQueue {
  /// A queue that is open for sending.
  public typealias Sender = Descriptor<SendOnly>
  /// A queue that is open for receiving.
  public typealias Receiver = Descriptor<ReceiveOnly>
  /// A queue that is open for sending and receiving.
  public typealias Duplex = Descriptor<SendReceive>

  /// An open queue's access mode.
  public protocol Access {
    /// The access mode passed to `mq_open(3)`.
    static var accessMode: FileDescriptor.AccessMode { get }
  }
  /// Access that allows sending.
  public protocol SendAccess: Access {}
  /// Access that allows receiving.
  public protocol ReceiveAccess: Access {}

  /// Access for sending only (`O_WRONLY`).
  public enum SendOnly: SendAccess {
    /// The access mode passed to `mq_open(3)`: `O_WRONLY`.
    public static var accessMode: FileDescriptor.AccessMode { .writeOnly }
  }
  /// Access for receiving only (`O_RDONLY`).
  public enum ReceiveOnly: ReceiveAccess {
    /// The access mode passed to `mq_open(3)`: `O_RDONLY`.
    public static var accessMode: FileDescriptor.AccessMode { .readOnly }
  }
  /// Access for sending and receiving (`O_RDWR`).
  public enum SendReceive: SendAccess, ReceiveAccess {
    /// The access mode passed to `mq_open(3)`: `O_RDWR`.
    public static var accessMode: FileDescriptor.AccessMode { .readWrite }
  }

  /// The highest message priority on Linux: `MQ_PRIO_MAX` - 1.
  public static let maximumPriority: UInt32 = 32767

  /// The maximum number and size of the messages in a queue.
  ///
  /// Both are fixed when the queue is created (`struct mq_attr` in `mq_getattr(3)`).
  ///
  /// Without `CAP_SYS_RESOURCE`, they are limited by `msg_max` (10) and `msgsize_max` (8192 bytes) in
  /// `/proc/sys/fs/mqueue/`. Together, all of a user's queues can use at most `RLIMIT_MSGQUEUE` bytes (819,200).
  public struct Attributes: Hashable, Sendable {
    /// The maximum number of messages in the queue (`mq_maxmsg`).
    public var maximumMessages: Int
    /// The maximum length of a message in bytes (`mq_msgsize`).
    public var maximumMessageSize: Int

    /// Creates limits; both must be at least 1, and ``maximumMessageSize`` is in bytes.
    public init(maximumMessages: Int, maximumMessageSize: Int) {
      self.maximumMessages = maximumMessages
      self.maximumMessageSize = maximumMessageSize
    }

    init(_ attributes: cipc_mq_attributes) {
      self.init(maximumMessages: attributes.maximum_messages, maximumMessageSize: attributes.message_size)
    }
  }

  /// A snapshot of an open queue's state.
  public struct Status: Hashable, Sendable {
    /// The number of messages in the queue.
    public let messageCount: Int
    /// Whether calls on this open file description are nonblocking, regardless of their timeout (`O_NONBLOCK`).
    public let isNonBlocking: Bool
  }

  /// How a process is notified of a message that arrives in an empty queue.
  public enum Notification: Hashable, Sendable {
    /// The process receives this signal with `si_code` `SI_MESGQ`; `sigwaitinfo(2)` and a handler can read the value.
    case signal(Int32, value: Int32 = 0)
    /// The process is not notified, but prevents other processes from registering (`SIGEV_NONE`).
    case none
  }

  /// Removes a queue's name immediately.
  ///
  /// The queue is freed when the last process closes it. A queue created later with the same name is a different queue.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` if another user owns the queue.
  ///
  /// Calls `mq_unlink(3)`.
  public static func unlink(_ name: POSIXName) throws(IPCError) {
    try name.requireWhole(for: .mqUnlink)
    try Syscall.call(.mqUnlink, on: .name(name)) { unsafe name.withCString { unsafe cipc_mq_unlink($0) } }
  }
}

extension POSIXMessageQueue.Descriptor {
  /// Marks the queue as owned for as long as this description is open, so that
  /// ``POSIXMessageQueue/unlinkIfAbandoned(_:)`` does not remove its name.
  ///
  /// The kernel removes the ownership marker when the process ends, even if it is killed. Any number of processes can
  /// own a queue. A child that inherits the descriptor shares the marker.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` if the queue's name was removed, for example by a process
  ///   that found the queue abandoned; in that case, create the queue again. `.timedOut` or, for ``Timeout/immediate``,
  ///   `.wouldBlock` if another process is checking the queue; `.interrupted` if `retryOnInterrupt` is false and a
  ///   signal handler ran.
  ///
  /// Calls `flock(2)` with `LOCK_SH`, and `fstat(2)`.
  public func markOwned(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    var backoff = Backoff()
    while try !POSIXMessageQueue.lock(descriptor, LOCK_SH, object) {
      guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
        throw IPCError(.flock, timeout.expirationError, on: object)
      }
    }
    guard try POSIXMessageQueue.hasName(descriptor, object) else {
      throw IPCError(.flock, .noSuchFileOrDirectory, on: object)
    }
  }
}

extension POSIXMessageQueue {
  /// Removes a queue's name if no process has marked the queue as owned
  /// (``Descriptor/markOwned(timeout:retryOnInterrupt:)``), for example after its owners crashed.
  ///
  /// All programs that use the queue must mark it, because a queue that is open but not marked is removed. No process
  /// can mark the queue between the check and the removal, so no program loses a queue that it owns. No program may
  /// remove the name in another way at the same time; otherwise, this method can remove the name of a queue that was
  /// created after its check.
  ///
  /// - Returns: Whether this call removed the name; false if the queue is owned or does not exist.
  /// - Throws: ``IPCError`` with `.permissionDenied`.
  ///
  /// Calls `mq_open(3)`, `flock(2)` with `LOCK_EX | LOCK_NB`, `fstat(2)` and `mq_unlink(3)`.
  public static func unlinkIfAbandoned(_ name: POSIXName) throws(IPCError) -> Bool {
    do throws(IPCError) {
      let queue = try Receiver.open(name, nonBlocking: true)
      // If the open queue's name was removed, the name may now refer to another queue.
      guard try lock(queue.descriptor, LOCK_EX, queue.object), try hasName(queue.descriptor, queue.object) else {
        return false
      }
      try unlink(name)
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }

  /// Locks the open file description without waiting.
  ///
  /// - Returns: false if another description holds a conflicting lock.
  fileprivate static func lock(
    _ descriptor: FileDescriptor, _ mode: Int32, _ object: IPCError.Object
  ) throws(IPCError) -> Bool {
    do throws(IPCError) {
      try Syscall.call(.flock, on: object) { flock(descriptor.rawValue, mode | LOCK_NB) }
      return true
    } catch  where error.errno == .wouldBlock {
      return false
    }
  }

  /// Whether the queue still has its name; a queue cannot be renamed or linked.
  static func hasName(
    _ descriptor: FileDescriptor, _ object: IPCError.Object
  ) throws(IPCError) -> Bool {
    var status = stat()
    try Syscall.call(.fstat, on: object) { unsafe fstat(descriptor.rawValue, &status) }
    return status.st_nlink > 0
  }
}
