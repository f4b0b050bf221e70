internal import CIPC
internal import Synchronization
public import SystemPackage

/// A set of descriptors that the kernel watches.
///
/// A wait reports which descriptors are ready.
///
/// ```swift
/// let epoll = try Epoll()
/// let requests = try epoll.watch(pipe.reader, for: .readable, token: 1)
/// let signals = try epoll.watch(SignalFD([.terminate]), for: .readable, token: 2)
/// var ready: [ReadinessEvent] = []
/// while true {
///   ready.removeAll(keepingCapacity: true)
///   try epoll.wait(appendingTo: &ready)
///   for event in ready {
///     if event.token == 1 { try handle(requests.owner) } else { return }
///   }
/// }
/// ```
///
/// The cost of a wait depends on the number of ready descriptors, not on the number of watched descriptors. ``Watched``
/// owns a watched descriptor and removes it from the instance before closing it. See <doc:WaitingOnMany>.
///
/// `epoll(7)`.
public struct Epoll: ~Copyable, Sendable, DescriptorOwner {
  /// The instance's open descriptor, which is readable while an event is pending.
  public let descriptor: FileDescriptor
  private let instance: Instance

  /// Creates an instance that watches nothing; its descriptor is close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `epoll_create1(2)`.
  public init() throws(IPCError) {
    self.init(try OwnedDescriptor.opened(by: .epollCreate) { cipc_epoll_create() })
  }

  /// Takes ownership of an inherited or received descriptor, and makes it close-on-exec.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the descriptor is not an epoll instance. In that case, the
  ///   previous owner keeps the descriptor.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try OwnedDescriptor.adopting(descriptor, "[eventpoll]", .epollCreate))
  }

  private init(_ owned: consuming OwnedDescriptor) {
    descriptor = owned.descriptor
    instance = Instance(owned)
  }

  /// Transfers ownership of the descriptor to the caller.
  ///
  /// A ``Watched`` descriptor remains watched until its owner closes it.
  public consuming func takeDescriptor() -> OwnedDescriptor { instance.take() }

  /// Waits until a watched descriptor is ready, and appends the events for all ready descriptors to an array.
  ///
  /// The array is reallocated only if its capacity is too small. If more than `maxEvents` descriptors are ready, the
  /// next wait reports the others.
  ///
  /// - Returns: The number of events; 0 after a timeout. As in ``PollSet/wait(timeout:retryOnInterrupt:)``, a timeout
  ///   is not an error here.
  /// - Throws: ``IPCError`` with `.interrupted` if `retryOnInterrupt` is false and a signal handler ran;
  ///   `.invalidArgument` if `maxEvents` is less than 1.
  ///
  /// Calls `epoll_pwait2(2)`.
  @discardableResult
  public func wait(
    appendingTo events: inout [ReadinessEvent], maxEvents: Int = 64, timeout: Timeout = .never,
    retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    try unsafe wait(appendingTo: &events, maxEvents, timeout, retryOnInterrupt) {
      unsafe cipc_epoll_wait($0, $1, $2, $3)
    }
  }

  /// Waits like ``wait(appendingTo:maxEvents:timeout:retryOnInterrupt:)`` while the thread blocks exactly the signals
  /// in `signalMask`.
  ///
  /// As with ``PollSet/wait(blocking:timeout:retryOnInterrupt:)``, the program does not miss a signal that arrives
  /// between a check and the wait.
  ///
  /// Calls `epoll_pwait2(2)` with a signal mask.
  @discardableResult
  public func wait(
    blocking signalMask: SignalSet, appendingTo events: inout [ReadinessEvent], maxEvents: Int = 64,
    timeout: Timeout = .never, retryOnInterrupt: Bool = false
  ) throws(IPCError) -> Int {
    try unsafe wait(appendingTo: &events, maxEvents, timeout, retryOnInterrupt) {
      unsafe cipc_epoll_wait_masked($0, $1, $2, $3, signalMask.word)
    }
  }

  private func wait(
    appendingTo events: inout [ReadinessEvent], _ maxEvents: Int, _ timeout: Timeout, _ retryOnInterrupt: Bool,
    _ call: (Int32, UnsafeMutablePointer<cipc_epoll_event>?, Int32, Int64) -> Int32
  ) throws(IPCError) -> Int {
    var ready = 0
    try events.append(addingCapacity: max(0, maxEvents)) { (span: inout OutputSpan<ReadinessEvent>) throws(IPCError) in
      try unsafe span.withUnsafeMutableBufferPointer { (buffer, count) throws(IPCError) in
        let room = unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[count...]))
        ready = try Syscall.wait(
          .epollWait, on: .descriptor(descriptor), timeout, retryOnInterrupt: retryOnInterrupt
        ) {
          unsafe call(
            descriptor.rawValue, room.baseAddress?.assumingMemoryBound(to: cipc_epoll_event.self),
            Int32(clamping: maxEvents), $0)
        }
        count += ready
      }
    }
    return ready
  }
}

extension Epoll {
  /// The condition under which a wait reports a descriptor.
  public enum Trigger: Hashable, Sendable {
    /// Every wait reports the descriptor while it is ready.
    case level
    /// Only the first wait after a new event reports the descriptor (`EPOLLET`). Read or write until the call would
    /// block, because remaining data is not reported again.
    case edge
  }

  /// Watches a descriptor until the returned value is destroyed.
  ///
  /// - Parameters:
  ///   - owner: The owner of the descriptor. If the descriptor cannot be watched, it is closed.
  ///   - events: The events to report. ``Readiness/error`` and ``Readiness/hangUp`` are always reported.
  ///   - token: A value that is returned with the descriptor's events.
  ///   - trigger: When the descriptor is reported: while it is ready, or only when it becomes ready.
  ///   - once: Whether the descriptor is reported only once until ``Watched/change(to:trigger:once:)`` is called
  ///     (`EPOLLONESHOT`). Set this if several threads wait on the instance.
  /// - Returns: The watched descriptor; destroying this value removes the descriptor from the instance.
  /// - Throws: ``IPCError`` with `.notPermitted` if the descriptor refers to a file that is always ready, such as a
  ///   regular file; `.noSpace` if `/proc/sys/fs/epoll/max_user_watches` is reached; `.tooManySymbolicLinkLevels` if
  ///   epoll instances would watch each other in a cycle.
  ///
  /// Calls `epoll_ctl(2)` with `EPOLL_CTL_ADD`.
  public func watch<Owner: DescriptorOwner & ~Copyable>(
    _ owner: consuming Owner, for events: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) -> Watched<Owner> {
    try add(owner.descriptor, for: events, token: token, trigger: trigger, once: once)
    let registration = Registration(instance: instance, descriptor: owner.descriptor, token: token)
    return Watched(registration: registration, owner: owner)
  }

  /// A watched descriptor with its owner.
  ///
  /// Destroying this value removes the descriptor from the instance and then closes it.
  ///
  /// If the descriptor were closed first, the kernel would continue to report it while another process, such as a
  /// child, has it open. In this process, the reported number would be closed, or belong to another file.
  public struct Watched<Owner: DescriptorOwner & ~Copyable>: ~Copyable {
    // Fields are destroyed in declaration order.
    let registration: Registration

    /// The owner of the descriptor.
    public let owner: Owner

    /// Replaces the events to report.
    ///
    /// This re-enables a descriptor that was registered with `once`. The next wait reports a descriptor that is already
    /// ready, even with ``Epoll/Trigger/edge``.
    ///
    /// - Throws: ``IPCError`` with `.badFileDescriptor` if the instance was closed or released.
    ///
    /// Calls `epoll_ctl(2)` with `EPOLL_CTL_MOD`.
    public func change(to events: Readiness, trigger: Trigger = .level, once: Bool = false) throws(IPCError) {
      try registration.instance.control(
        CIPC_EPOLL_CTL_MOD, registration.descriptor, events, registration.token, trigger, once)
    }

    /// Stops watching the descriptor, and returns the owner.
    ///
    /// Calls `epoll_ctl(2)` with `EPOLL_CTL_DEL`.
    public consuming func remove() throws(IPCError) -> Owner {
      try registration.end()
      return owner
    }
  }
}

extension Epoll.Watched: Sendable where Owner: Sendable & ~Copyable {}

extension Epoll {
  /// Watches a descriptor owned by the caller, as in C.
  ///
  /// Call ``remove(_:)`` before you close the descriptor: the entry remains as long as another descriptor refers to the
  /// same open file description. ``watch(_:for:token:trigger:once:)`` does this for you.
  ///
  /// - Throws: ``IPCError`` with `.fileExists` if the descriptor is already watched; and any error from
  ///   ``watch(_:for:token:trigger:once:)``.
  ///
  /// Calls `epoll_ctl(2)` with `EPOLL_CTL_ADD`.
  public func add(
    _ descriptor: FileDescriptor, for events: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_ADD, descriptor, events, token, trigger, once)
  }

  /// Replaces the events to report for a descriptor that was added with ``add(_:for:token:trigger:once:)``.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` if the descriptor is not watched.
  ///
  /// Calls `epoll_ctl(2)` with `EPOLL_CTL_MOD`.
  public func change(
    _ descriptor: FileDescriptor, to events: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_MOD, descriptor, events, token, trigger, once)
  }

  /// Stops watching a descriptor that was added with ``add(_:for:token:trigger:once:)``.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` if the descriptor is not watched.
  ///
  /// Calls `epoll_ctl(2)` with `EPOLL_CTL_DEL`.
  public func remove(_ descriptor: FileDescriptor) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_DEL, descriptor, [], 0, .level, false)
  }
}

extension Epoll {
  /// The instance's descriptor.
  ///
  /// ``Watched`` values share the instance, which keeps its descriptor open while they need it.
  final class Instance: Sendable {
    private let owned: Mutex<OwnedDescriptor?>

    init(_ owned: consuming OwnedDescriptor) { self.owned = Mutex(owned) }

    func take() -> OwnedDescriptor {
      owned.withLock {
        guard let owned = $0.take() else { preconditionFailure("the owner of an instance takes its descriptor once") }
        return owned
      }
    }

    /// Stops watching the descriptor, unless the instance was closed or released.
    func remove(_ descriptor: FileDescriptor) throws(IPCError) {
      try owned.withLock { (owned) throws(IPCError) in
        guard let number = owned?.descriptor.rawValue else { return }
        try Syscall.call(.epollControl, on: .descriptor(descriptor)) {
          cipc_epoll_ctl(number, Int32(CIPC_EPOLL_CTL_DEL), descriptor.rawValue, 0, 0)
        }
      }
    }

    func control(
      _ operation: some BinaryInteger, _ descriptor: FileDescriptor, _ events: Readiness, _ token: UInt64,
      _ trigger: Trigger, _ once: Bool
    ) throws(IPCError) {
      var flags = UInt32(UInt16(bitPattern: events.rawValue))
      if trigger == .edge { flags |= UInt32(bitPattern: Int32(CIPC_EPOLLET)) }
      if once { flags |= UInt32(bitPattern: Int32(CIPC_EPOLLONESHOT)) }
      try owned.withLock { (owned) throws(IPCError) in
        // Once the instance is closed, its descriptor number may belong to another file.
        let number = owned?.descriptor.rawValue ?? -1
        try Syscall.call(.epollControl, on: .descriptor(descriptor)) {
          cipc_epoll_ctl(number, Int32(operation), descriptor.rawValue, flags, token)
        }
      }
    }
  }

  /// A watched descriptor's registration.
  ///
  /// Destroying the registration removes the descriptor from the instance, if it is still watched.
  struct Registration: ~Copyable, Sendable {
    let instance: Instance
    let descriptor: FileDescriptor
    let token: UInt64
    private var isOver = false

    init(instance: Instance, descriptor: FileDescriptor, token: UInt64) {
      self.instance = instance
      self.descriptor = descriptor
      self.token = token
    }

    deinit { if !isOver { try? instance.remove(descriptor) } }

    consuming func end() throws(IPCError) {
      isOver = true
      try instance.remove(descriptor)
    }
  }
}
