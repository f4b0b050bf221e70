internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Calls that must not wait, of descriptors that have no call which cannot: the description is non-blocking meanwhile, for
/// everybody who shares it.
///
/// Threads of one process take turns, whatever number each has it by: none finds it blocking that had made it non-blocking,
/// and none sees what another one has set for its call.
enum NonBlocking {
  private static let turn = Mutex(())

  /// Performs a call that returns -1 when it fails. It waits for ever, or not at all.
  static func attempt(
    _ descriptor: FileDescriptor, _ patience: Patience, _ interruption: Interruption, _ call: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    if patience != .forever { return try attempt(descriptor, interruption, call) }
    while true {
      let result = Kernel.attempt(interruption, call)
      switch result {
      // It met the turn of another thread, unless the description is non-blocking for good.
      case .failure(.wouldBlock), .failure(.nowInProgress), .failure(.alreadyInProcess):
        if try isSet(descriptor) { return result }
      default: return result
      }
    }
  }

  /// The same for a call that does not wait.
  static func attempt(
    _ descriptor: FileDescriptor, _ interruption: Interruption, _ call: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    try turn.withLock { (_) throws(IPCError) in
      let flags = try statusFlags(of: descriptor)
      if flags & O_NONBLOCK != 0 { return Kernel.attempt(interruption, call) }
      try setStatusFlags(of: descriptor, flags | O_NONBLOCK)
      let result = Kernel.attempt(interruption, call)
      try setStatusFlags(of: descriptor, flags)
      return result
    }
  }

  static func isSet(_ descriptor: FileDescriptor) throws(IPCError) -> Bool {
    try turn.withLock { (_) throws(IPCError) in try statusFlags(of: descriptor) & O_NONBLOCK != 0 }
  }

  static func set(_ descriptor: FileDescriptor, _ nonBlocking: Bool) throws(IPCError) {
    try turn.withLock { (_) throws(IPCError) in
      let flags = try statusFlags(of: descriptor)
      try setStatusFlags(of: descriptor, nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
    }
  }

  static func statusFlags(of descriptor: FileDescriptor) throws(IPCError) -> Int32 {
    try Kernel.call("fcntl F_GETFL", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_GETFL) }
  }

  static func setStatusFlags(of descriptor: FileDescriptor, _ flags: Int32) throws(IPCError) {
    try Kernel.call("fcntl F_SETFL", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFL, flags) }
  }
}
