internal import CIPC
public import SystemPackage

/// A POSIX message queue: messages that arrive whole, those of the highest priority first, and those of equal priority
/// in the order in which they were sent.
///
/// ```swift
/// let sender = try POSIXMessageQueue.Sender.createOrOpen("/jobs")
/// try sender.send(message.span, priority: 9, timeout: .after(.seconds(1)))
/// ```
///
/// The type of an open queue tells what it was opened for: a ``Receiver`` cannot send. The queue stays in the kernel
/// until its name is removed (``unlink(_:)``) and all processes have closed it.
///
/// `mq_overview(7)`.
public enum POSIXMessageQueue {
  /// A queue that is open for sending.
  public typealias Sender = Descriptor<SendOnly>
  /// A queue that is open for receiving.
  public typealias Receiver = Descriptor<ReceiveOnly>
  /// A queue that is open for both.
  public typealias Duplex = Descriptor<SendReceive>

  /// What a queue was opened for.
  public protocol Access {
    static var accessMode: FileDescriptor.AccessMode { get }
  }
  public protocol SendAccess: Access {}
  public protocol ReceiveAccess: Access {}

  public enum SendOnly: SendAccess {
    public static var accessMode: FileDescriptor.AccessMode { .writeOnly }
  }
  public enum ReceiveOnly: ReceiveAccess {
    public static var accessMode: FileDescriptor.AccessMode { .readOnly }
  }
  public enum SendReceive: SendAccess, ReceiveAccess {
    public static var accessMode: FileDescriptor.AccessMode { .readWrite }
  }

  /// The maximum priority of a message.
  public static let maximumPriority: UInt32 = 32767

  /// The maximum number and size of the messages in a queue. Both are fixed when the queue is created (the
  /// `struct mq_attr` of `mq_getattr(3)`).
  ///
  /// Without `CAP_SYS_RESOURCE` they are limited by `msg_max` (10) and `msgsize_max` (8192 bytes) in
  /// `/proc/sys/fs/mqueue/`. All queues of a user together may take `RLIMIT_MSGQUEUE` bytes (819,200).
  public struct Attributes: Hashable, Sendable {
    public var maximumMessages: Int
    /// In bytes.
    public var maximumMessageSize: Int

    public init(maximumMessages: Int, maximumMessageSize: Int) {
      self.maximumMessages = maximumMessages
      self.maximumMessageSize = maximumMessageSize
    }

    init(_ attributes: cipc_mq_attributes) {
      self.init(maximumMessages: attributes.maximum_messages, maximumMessageSize: attributes.message_size)
    }
  }

  /// The state of an open queue at one moment.
  public struct Status: Hashable, Sendable {
    /// The number of messages in the queue.
    public let messageCount: Int
    /// Whether no call on this description waits, whatever its timeout (`O_NONBLOCK`).
    public let isNonBlocking: Bool
  }

  /// How a process is notified of a message that arrives in an empty queue.
  public enum Notification: Hashable, Sendable {
    /// The process gets this signal with `si_code` `SI_MESGQ`, and with the value for `sigwaitinfo(2)` or a handler
    /// that uses it.
    case signal(Int32, value: Int32 = 0)
    /// Nothing happens, but no other process can register (`SIGEV_NONE`).
    case none
  }

  /// Removes the name at once. The queue is freed when the last process closes it. A queue that is created with the
  /// same name later is a different one.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`; `.permissionDenied` if it is the queue of another user.
  ///
  /// Calls `mq_unlink(3)`.
  public static func unlink(_ name: POSIXName) throws(IPCError) {
    try Syscall.call(.mqUnlink, on: .name(name)) { unsafe name.withCString { unsafe cipc_mq_unlink($0) } }
  }
}
