internal import CIPC
internal import Glibc
public import SystemPackage

extension POSIXMessageQueue {
  /// An open message queue. It is closed when its owner goes.
  ///
  /// Descriptors of queues are file descriptors on Linux. They are close-on-exec; they can be handed to a child, passed
  /// over a socket, and waited for with `poll(2)` and `epoll(7)`.
  public struct End<Use: POSIXMessageQueue.Use>: ~Copyable, Sendable, DescriptorOwner {
    let owned: OwnedDescriptor

    /// What an error says that it is about.
    let object: IPCError.Object

    /// As they were fixed by whoever created the queue.
    public let attributes: Attributes

    /// Whether this opening created the queue.
    public let isNew: Bool

    /// Takes over a queue that this process was started with, and makes it close-on-exec.
    ///
    /// Whether it was opened for this use shows when it is used: `Errno.badFileDescriptor`.
    ///
    /// - Throws: ``IPCError`` with `.badFileDescriptor` when it is no message queue. It stays its owner's then.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let object = IPCError.Object.descriptor(descriptor)
      let attributes = Attributes(try Self.attributes(of: descriptor, object))
      try Kernel.call("fcntl F_SETFD", on: object) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
      self.object = object
      self.attributes = attributes
      isNew = false
      owned = OwnedDescriptor(taking: descriptor)
    }

    init(taking opened: consuming OwnedDescriptor, _ name: Name, isNew: Bool) throws(IPCError) {
      object = .name(name.description)
      attributes = Attributes(try Self.attributes(of: opened.descriptor, object))
      self.isNew = isNew
      owned = opened
    }

    /// The descriptor, to wait for it together with others. It remains this queue's to close.
    public var descriptor: FileDescriptor { owned.descriptor }

    /// Closes the queue, and ends a notification that was registered through it.
    ///
    /// Calls `close(2)`, once: on Linux `mq_close(3)` is no more than that.
    public consuming func close() throws(IPCError) { try owned.close() }

    /// Gives the descriptor to a new owner.
    public consuming func release() -> FileDescriptor { owned.release() }
  }
}
