internal import CIPC
internal import Glibc
internal import SystemPackage

/// Calls on sockets that cannot be told not to wait, and that wait for what `poll(2)` does not tell of: room in the
/// backlog of a listener, or with a receiver that one is not connected to.
///
/// Their deadline is an option of the socket, `SO_RCVTIMEO` or `SO_SNDTIMEO`, set for the call and taken back.
enum SocketTimeout {
  /// Performs a call that returns -1 when it fails. Out of patience, that is `.timedOut` or `.wouldBlock`.
  static func attempt(
    _ descriptor: FileDescriptor, _ option: Int32, _ patience: Patience, _ interruption: Interruption,
    _ call: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    switch patience {
    case .forever: return Kernel.attempt(interruption, call)
    // There is no time-out of nothing.
    case .none: return try NonBlocking.attempt(descriptor, interruption, call)
    case .until(let deadline):
      while true {
        // A deadline that has passed still lets pass what need not wait.
        try set(descriptor, option, max(1, deadline.remaining))
        let result = Kernel.attempt(.report, call)
        try set(descriptor, option, 0)
        switch result {
        case .failure(.interrupted) where interruption == .retry && !deadline.hasPassed: continue
        case .failure(.interrupted) where interruption == .retry: return .failure(.timedOut)
        case .failure(.wouldBlock) where deadline.hasPassed: return .failure(.timedOut)
        // Before the deadline, either the description does not wait, or the kernel, which counts this time in ticks of its
        // own, gave up a little early.
        case .failure(.wouldBlock) where try !NonBlocking.isSet(descriptor): continue
        default: return result
        }
      }
    }
  }

  /// The same for a call whose end `poll(2)` does tell of: one try, which waits only with patience for ever.
  static func attemptOnce(
    _ descriptor: FileDescriptor, _ patience: Patience, _ interruption: Interruption, _ call: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    patience == .forever
      ? Kernel.attempt(interruption, call) : try NonBlocking.attempt(descriptor, interruption, call)
  }

  private static func set(
    _ descriptor: FileDescriptor, _ option: Int32, _ nanoseconds: Int64
  ) throws(IPCError) {
    try Kernel.call("setsockopt", on: .descriptor(descriptor)) {
      cipc_set_socket_timeout(descriptor.rawValue, option, nanoseconds)
    }
  }
}
