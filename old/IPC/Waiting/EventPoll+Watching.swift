internal import CIPC
package import SystemPackage

extension EventPoll {
  /// When a wait tells of something that is ready.
  public enum Trigger: Hashable, Sendable {
    /// Every wait, for as long as it is ready.
    case level
    /// The first wait after something has happened to it. Who is told uses up what there is, until a call would block:
    /// what is left over is not told of again.
    case edge
  }

  /// Watches a descriptor, from now on until what this returns is gone.
  ///
  /// - Parameters:
  ///   - owner: Is closed when it cannot be watched.
  ///   - interest: What to be told of. ``Readiness/error`` and ``Readiness/hangUp`` are told of always.
  ///   - token: Comes out with its events.
  ///   - once: Whether it is told of once, and then no more until ``Watched/change(to:trigger:once:)`` asks again: for
  ///     events that several threads wait for.
  /// - Throws: ``IPCError`` with `.notPermitted` for what is always ready, such as a regular file; `.noSpace` for more than
  ///   `/proc/sys/fs/epoll/max_user_watches`; `.tooManySymbolicLinkLevels` for a circle of these.
  ///
  /// Calls `epoll_ctl(2)` with `EPOLL_CTL_ADD`.
  public func watch<Owner: DescriptorOwner & ~Copyable>(
    _ owner: consuming Owner, for interest: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) -> Watched<Owner> {
    try add(owner.descriptor, for: interest, token: token, trigger: trigger, once: once)
    let registration = Registration(instance: instance, descriptor: owner.descriptor, token: token)
    return Watched(registration: registration, owner: owner)
  }

  /// A descriptor that is watched, with its owner. When it goes, first the watching ends, and then the descriptor is closed.
  ///
  /// Without that order the kernel would go on to watch what others hold too - a child, or who was passed it - under a number
  /// that here is closed, or something else.
  public struct Watched<Owner: DescriptorOwner & ~Copyable>: ~Copyable {
    // The first of the two, since they go in their order.
    let registration: Registration

    /// What is watched.
    public let owner: Owner

    /// Watches for something else from now on, and asks again after an event that was told of once.
    ///
    /// What is ready already is told of, also ``EventPoll/Trigger/edge``.
    ///
    /// Calls `epoll_ctl(2)` with `EPOLL_CTL_MOD`.
    public func change(
      to interest: Readiness, trigger: Trigger = .level, once: Bool = false
    ) throws(IPCError) {
      try registration.instance.control(
        CIPC_EPOLL_CTL_MOD, registration.descriptor, interest, registration.token, trigger, once)
    }

    /// Ends the watching, and gives the owner back.
    ///
    /// Calls `epoll_ctl(2)` with `EPOLL_CTL_DEL`.
    public consuming func remove() throws(IPCError) -> Owner {
      try registration.end()
      return owner
    }
  }
}

extension EventPoll.Watched: Sendable where Owner: Sendable & ~Copyable {}

extension EventPoll {
  // As C has it, for whoever answers for the order: an entry whose descriptor is closed leaves when the last duplicate does.

  package func add(
    _ descriptor: FileDescriptor, for interest: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_ADD, descriptor, interest, token, trigger, once)
  }

  package func change(
    _ descriptor: FileDescriptor, to interest: Readiness, token: UInt64, trigger: Trigger = .level, once: Bool = false
  ) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_MOD, descriptor, interest, token, trigger, once)
  }

  package func remove(_ descriptor: FileDescriptor) throws(IPCError) {
    try instance.control(CIPC_EPOLL_CTL_DEL, descriptor, [], 0, .level, false)
  }
}
