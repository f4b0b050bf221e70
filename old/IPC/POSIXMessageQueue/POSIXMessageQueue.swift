public import SystemPackage

/// A POSIX message queue: messages that arrive whole, the highest priority first, and those of one priority in the
/// order in which they were sent.
///
/// ```swift
/// let jobs = try POSIXMessageQueue.Name(validating: "/jobs")
/// let sender = try POSIXMessageQueue.Sender(creatingOrOpening: jobs, permissions: .ownerReadWrite)
/// let outcome = try sender.send(message.span.bytes, priority: 9, patience: .atMost(.seconds(1)))
/// ```
///
/// What can be done with an open queue is its type: a ``Receiver`` cannot send. The queue itself lives in the kernel
/// until its name is removed (``Name/unlink()``) and everyone has closed it.
///
/// `mq_overview(7)`.
public enum POSIXMessageQueue {
  /// An open queue to send to.
  public typealias Sender = End<ForSending>
  /// An open queue to receive from.
  public typealias Receiver = End<ForReceiving>
  /// An open queue for both.
  public typealias Duplex = End<ForBoth>

  /// What an open queue is for.
  public protocol Use {
    static var accessMode: FileDescriptor.AccessMode { get }
  }
  public protocol Sending: Use {}
  public protocol Receiving: Use {}

  public enum ForSending: Sending {
    public static var accessMode: FileDescriptor.AccessMode { .writeOnly }
  }
  public enum ForReceiving: Receiving {
    public static var accessMode: FileDescriptor.AccessMode { .readOnly }
  }
  public enum ForBoth: Sending, Receiving {
    public static var accessMode: FileDescriptor.AccessMode { .readWrite }
  }
}
