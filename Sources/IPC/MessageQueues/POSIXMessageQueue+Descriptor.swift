internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension POSIXMessageQueue {
  /// An open message queue, which is closed when this value is destroyed.
  ///
  /// On Linux, a queue descriptor is a file descriptor. It is close-on-exec. A child can inherit it, a process can send
  /// it over a Unix domain socket, and `poll(2)` and `epoll(7)` can wait for it.
  @frozen
  public struct Descriptor<Access: POSIXMessageQueue.Access>: ~Copyable, Sendable, DescriptorOwner {
    @usableFromInline let owned: OwnedQueue

    /// The queue's name; nil for an inherited queue.
    @usableFromInline let name: POSIXName?

    /// The maximum number and size of the messages, as set by the queue's creator.
    public let attributes: Attributes

    /// Whether the call that opened the queue created it.
    public let isNew: Bool

    /// Takes ownership of an inherited queue descriptor, and makes it close-on-exec.
    ///
    /// Later calls throw `.badFileDescriptor` if the queue was not opened with the required access mode. If the
    /// initializer throws, the previous owner keeps the descriptor.
    ///
    /// - Throws: ``IPCError`` with `.badFileDescriptor` if the descriptor is not a message queue.
    public init(adopting descriptor: FileDescriptor) throws(IPCError) {
      let attributes = Attributes(try POSIXMessageQueue.attributes(of: descriptor, .descriptor(descriptor)))
      owned = OwnedQueue(try OwnedDescriptor.adopting(descriptor))
      name = nil
      self.attributes = attributes
      isNew = false
    }

    private init(
      _ opened: consuming OwnedDescriptor, _ name: POSIXName, _ attributes: cipc_mq_attributes, isNew: Bool
    ) {
      owned = OwnedQueue(opened)
      self.name = name
      self.attributes = Attributes(attributes)
      self.isNew = isNew
    }

    /// The open descriptor, owned and closed by this value.
    public var descriptor: FileDescriptor { owned.descriptor }
    /// Transfers ownership of the descriptor to the caller.
    ///
    /// A notification that this process has requested stays registered.
    public consuming func takeDescriptor() -> OwnedDescriptor { owned.take() }

    /// Closes the descriptor and throws if that fails; destroying the value ignores a failure.
    ///
    /// In both cases, this process's registration for a notification ends. Calls `mq_close(3)`.
    public consuming func close() throws(IPCError) {
      ThreadNotification.removeQueue(descriptor.rawValue)
      try owned.take().close()
    }

    /// The object reported in errors.
    var object: IPCError.Object { POSIXMessageQueue.object(descriptor, name) }
  }
}

/// A queue descriptor that, when it is closed, also ends the process's registration for a notification.
@frozen @usableFromInline
struct OwnedQueue: ~Copyable, Sendable {
  @usableFromInline let descriptor: FileDescriptor

  init(_ owned: consuming OwnedDescriptor) { descriptor = owned.release() }

  @usableFromInline
  deinit {
    ThreadNotification.removeQueue(descriptor.rawValue)
    _ = OwnedDescriptor(taking: descriptor)
  }

  consuming func take() -> OwnedDescriptor {
    let descriptor = descriptor
    discard self
    return OwnedDescriptor(taking: descriptor)
  }
}

extension POSIXMessageQueue.Descriptor {
  /// Opens the queue with this name.
  ///
  /// - Parameters:
  ///   - name: A slash followed by up to 255 bytes other than slashes.
  ///   - nonBlocking: Whether calls on this open file description are nonblocking, regardless of their timeout. Set
  ///     this for a child that inherits the descriptor; this library does not need a nonblocking queue.
  /// - Returns: The open queue. Its ``attributes`` were set when it was created.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` or `.permissionDenied`; `.invalidArgument` if the name does
  ///   not begin with a slash.
  ///
  /// Calls `mq_open(3)`.
  public static func open(_ name: POSIXName, nonBlocking: Bool = false) throws(IPCError) -> Self {
    let opened = try open(name, nonBlocking ? O_NONBLOCK : 0)
    let attributes = try POSIXMessageQueue.attributes(of: opened.descriptor, .name(name))
    return Self(opened, name, attributes, isNew: false)
  }

  /// Creates a queue.
  ///
  /// - Parameters:
  ///   - name: A slash followed by up to 255 bytes other than slashes.
  ///   - attributes: The limits; nil for the system defaults (`msg_default` and `msgsize_default` in
  ///     `/proc/sys/fs/mqueue/`).
  ///   - permissions: The queue's permissions.
  ///   - applyUmask: Whether to apply the process's umask, as in C.
  ///   - nonBlocking: Whether calls on this open file description are nonblocking, regardless of their timeout.
  /// - Returns: The open queue.
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` if an attribute is not positive or exceeds the
  ///   limits in `/proc/sys/fs/mqueue/`; `.tooManyOpenFiles` if the user's queues would exceed `RLIMIT_MSGQUEUE`;
  ///   `.noSpace` if the limit on the number of queues is reached.
  ///
  /// Calls `mq_open(3)` with `O_CREAT | O_EXCL`, and `fchmod(2)`.
  public static func create(
    _ name: POSIXName, attributes: POSIXMessageQueue.Attributes? = nil, permissions: FilePermissions = .ownerReadWrite,
    applyUmask: Bool = false, nonBlocking: Bool = false
  ) throws(IPCError) -> Self {
    let opened = try open(name, O_CREAT | O_EXCL | (nonBlocking ? O_NONBLOCK : 0), permissions, attributes)
    let actual: cipc_mq_attributes
    do throws(IPCError) {
      if !applyUmask {
        // Use the descriptor, because the name may already refer to another queue.
        try Syscall.call(.fchmod, on: .name(name)) { fchmod(opened.descriptor.rawValue, permissions.rawValue) }
      }
      actual = try POSIXMessageQueue.attributes(of: opened.descriptor, .name(name))
    } catch {
      if (try? POSIXMessageQueue.hasName(opened.descriptor, .name(name))) == true {
        try? POSIXMessageQueue.unlink(name)
      }
      throw error
    }
    return Self(opened, name, actual, isNew: true)
  }

  /// Creates a queue, or opens the existing one, which keeps its attributes and permissions.
  ///
  /// ``isNew`` is true if this call created the queue.
  ///
  /// Calls `mq_open(3)` alternately with and without `O_CREAT | O_EXCL` until one call succeeds.
  public static func createOrOpen(
    _ name: POSIXName, attributes: POSIXMessageQueue.Attributes? = nil, permissions: FilePermissions = .ownerReadWrite,
    applyUmask: Bool = false, nonBlocking: Bool = false
  ) throws(IPCError) -> Self {
    while true {
      do throws(IPCError) {
        return try create(
          name, attributes: attributes, permissions: permissions, applyUmask: applyUmask, nonBlocking: nonBlocking)
      } catch  where error.errno == .fileExists {}
      do throws(IPCError) {
        return try open(name, nonBlocking: nonBlocking)
      } catch  where error.errno == .noSuchFileOrDirectory {
        // Another process removed the queue between the two calls: try again.
      }
    }
  }

  private static func open(
    _ name: POSIXName, _ flags: Int32, _ permissions: FilePermissions = [],
    _ attributes: POSIXMessageQueue.Attributes? = nil
  ) throws(IPCError) -> OwnedDescriptor {
    try name.requireWhole(for: .mqOpen)
    let flags = Access.accessMode.rawValue | flags
    return try OwnedDescriptor.opened(by: .mqOpen, on: .name(name)) {
      unsafe name.withCString { text in
        guard let attributes else { return unsafe cipc_mq_open(text, flags, permissions.rawValue, nil) }
        var requested = cipc_mq_attributes()
        requested.maximum_messages = attributes.maximumMessages
        requested.message_size = attributes.maximumMessageSize
        return unsafe cipc_mq_open(text, flags, permissions.rawValue, &requested)
      }
    }
  }
}

extension POSIXMessageQueue.Descriptor {
  /// Returns the queue's state.
  ///
  /// Calls `mq_getattr(3)`.
  public func status() throws(IPCError) -> POSIXMessageQueue.Status {
    let attributes = try POSIXMessageQueue.attributes(of: descriptor, object)
    return POSIXMessageQueue.Status(
      messageCount: attributes.current_messages, isNonBlocking: attributes.flags & Int(O_NONBLOCK) != 0)
  }

  /// Sets or clears `O_NONBLOCK` on the open file description, for all processes that share it.
  ///
  /// If set, calls on the description are nonblocking, regardless of their timeout. This library does not need this
  /// flag: each call takes its own timeout.
  ///
  /// - Returns: The previous state.
  ///
  /// Calls `mq_setattr(3)`.
  @discardableResult
  public func setNonBlocking(_ nonBlocking: Bool) throws(IPCError) -> Bool {
    var previous = cipc_mq_attributes()
    try Syscall.call(.mqSetAttributes, on: object) {
      unsafe cipc_mq_setattr(descriptor.rawValue, nonBlocking ? Int(O_NONBLOCK) : 0, &previous)
    }
    return previous.flags & Int(O_NONBLOCK) != 0
  }

  /// Registers this process for one notification when a message arrives in the empty queue.
  ///
  /// If a process or thread is blocked in a receive call, that call receives the message, and no notification is sent.
  /// To be notified again, register again *before* you empty the queue. To wait for several queues or other
  /// descriptors, use ``Epoll`` or ``PollSet`` instead.
  ///
  /// - Throws: ``IPCError`` with `.resourceBusy` if a process, possibly this one, is already registered;
  ///   `.invalidArgument` if the signal is invalid.
  ///
  /// Calls `mq_notify(3)`.
  public func requestNotification(_ notification: POSIXMessageQueue.Notification) throws(IPCError) {
    try Syscall.call(.mqNotify, on: object) {
      switch notification {
      case .signal(let number, let value): cipc_mq_notify_signal(descriptor.rawValue, number, value)
      case .none: cipc_mq_notify_none(descriptor.rawValue)
      }
    }
  }

  /// Registers a function that the C library calls once, in a thread that it creates, when a message arrives in the
  /// empty queue.
  ///
  /// Otherwise, this method behaves like ``requestNotification(_:)``. The C library keeps a socket and a thread for
  /// such notifications until the process ends.
  ///
  /// - Parameter body: The function, which can register again and then receive the message.
  /// - Throws: ``IPCError`` with `.resourceBusy` if a process, possibly this one, is already registered.
  ///
  /// Calls `mq_notify(3)` with `SIGEV_THREAD`.
  public func requestNotification(onThread body: @escaping @Sendable () -> Void) throws(IPCError) {
    try ThreadNotification.inTurn { () throws(IPCError) in
      let key = ThreadNotification.add(body, repeats: false)
      do throws(IPCError) {
        try Syscall.call(.mqNotify, on: object) {
          cipc_mq_notify_thread(descriptor.rawValue, key, ThreadNotification.call)
        }
      } catch {
        ThreadNotification.remove(key)
        throw error
      }
      ThreadNotification.setQueue(descriptor.rawValue, key)
    }
  }

  /// Removes this process's registration, if any.
  ///
  /// Calls `mq_notify(3)` with a null pointer.
  public func cancelNotification() throws(IPCError) {
    try ThreadNotification.inTurn { () throws(IPCError) in
      try Syscall.call(.mqNotify, on: object) { cipc_mq_notify_cancel(descriptor.rawValue) }
      ThreadNotification.removeQueue(descriptor.rawValue)
    }
  }
}

extension POSIXMessageQueue {
  static func object(_ descriptor: FileDescriptor, _ name: POSIXName?) -> IPCError.Object {
    name.map { .name($0) } ?? .descriptor(descriptor)
  }

  fileprivate static func attributes(
    of descriptor: FileDescriptor, _ object: IPCError.Object
  ) throws(IPCError) -> cipc_mq_attributes {
    var attributes = cipc_mq_attributes()
    try Syscall.call(.mqGetAttributes, on: object) {
      unsafe cipc_mq_getattr(descriptor.rawValue, &attributes)
    }
    return attributes
  }
}
