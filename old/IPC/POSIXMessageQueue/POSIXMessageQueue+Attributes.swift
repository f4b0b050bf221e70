internal import CIPC
internal import Glibc
internal import SystemPackage

extension POSIXMessageQueue {
  /// How many messages a queue holds, and how large each may be. Both are fixed when the queue is created.
  ///
  /// The limits without privilege stand in `/proc/sys/fs/mqueue/`: `msg_max` (10) and `msgsize_max` (8192 bytes); all
  /// queues of a user together may take `RLIMIT_MSGQUEUE` bytes (819 200).
  ///
  /// The `struct mq_attr` of `mq_getattr(3)`.
  public struct Attributes: Hashable, Sendable {
    public var maximumMessages: Int
    /// In bytes.
    public var messageSize: Int

    public init(maximumMessages: Int, messageSize: Int) {
      self.maximumMessages = maximumMessages
      self.messageSize = messageSize
    }
  }

  /// What changes while a queue is open.
  public struct Status: Hashable, Sendable {
    /// How many messages wait to be received.
    public let messages: Int
    /// Whether no call on this open queue waits, whatever its patience: `O_NONBLOCK`.
    public let isNonBlocking: Bool
  }
}

extension POSIXMessageQueue.End {
  /// Asks the kernel how the queue is at this moment.
  ///
  /// Calls `mq_getattr(3)`.
  public func status() throws(IPCError) -> POSIXMessageQueue.Status {
    POSIXMessageQueue.Status(try Self.attributes(of: owned.descriptor, object))
  }

  /// Lets no call on this open queue wait any more, or lets them wait again, for everyone who shares the descriptor.
  ///
  /// For a single call, ``Patience/none`` does the same and concerns nobody else.
  ///
  /// - Returns: How it was before.
  ///
  /// Calls `mq_setattr(3)`, which can change nothing else.
  @discardableResult
  public func setNonBlocking(_ nonBlocking: Bool) throws(IPCError) -> Bool {
    var previous = cipc_mq_attributes()
    try Kernel.call("mq_setattr", on: object) {
      unsafe cipc_mq_setattr(owned.descriptor.rawValue, nonBlocking ? Int(O_NONBLOCK) : 0, &previous)
    }
    return POSIXMessageQueue.Status(previous).isNonBlocking
  }

  static func attributes(
    of descriptor: FileDescriptor, _ object: IPCError.Object
  ) throws(IPCError) -> cipc_mq_attributes {
    var attributes = cipc_mq_attributes()
    try Kernel.call("mq_getattr", on: object) { unsafe cipc_mq_getattr(descriptor.rawValue, &attributes) }
    return attributes
  }
}

extension POSIXMessageQueue.Attributes {
  init(_ attributes: cipc_mq_attributes) {
    self.init(maximumMessages: attributes.maximum_messages, messageSize: attributes.message_size)
  }
}

extension POSIXMessageQueue.Status {
  init(_ attributes: cipc_mq_attributes) {
    self.init(
      messages: attributes.current_messages, isNonBlocking: attributes.flags & Int(O_NONBLOCK) != 0)
  }
}
