internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Calls that must not wait, on descriptors for which the kernel has no call that does not: `O_NONBLOCK` is set on the
/// open file description for the length of the call.
///
/// Threads of this process take turns. So no thread takes the flag that another thread has set for the state of the
/// description, and no blocking call of this library sees it.
enum NonBlocking {
  private static let turn = Mutex(())

  /// Performs a call that returns -1 when it fails: blocking for ``Timeout/never``, else without waiting.
  static func result(
    _ descriptor: FileDescriptor, _ timeout: Timeout, retryOnInterrupt: Bool, _ body: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    if !timeout.isNever { return try result(descriptor, retryOnInterrupt: retryOnInterrupt, body) }
    while true {
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt, body)
      switch result {
      // Another thread's turn, unless the description is non-blocking by itself.
      case .failure(.wouldBlock), .failure(.nowInProgress), .failure(.alreadyInProcess):
        if try isSet(descriptor) { return result }
      default: return result
      }
    }
  }

  /// Performs a call that does not wait.
  static func result(
    _ descriptor: FileDescriptor, retryOnInterrupt: Bool, _ body: () -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    try turn.withLock { (_) throws(IPCError) in
      let flags = try statusFlags(of: descriptor)
      if flags & O_NONBLOCK != 0 { return Syscall.result(retryOnInterrupt: retryOnInterrupt, body) }
      try setStatusFlags(of: descriptor, flags | O_NONBLOCK)
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt, body)
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
    try Syscall.call(.fcntlGetFlags, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_GETFL) }
  }

  static func setStatusFlags(of descriptor: FileDescriptor, _ flags: Int32) throws(IPCError) {
    try Syscall.call(.fcntlSetFlags, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFL, flags) }
  }
}
