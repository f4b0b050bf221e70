internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension POSIXMessageQueue.Descriptor {
  /// Marks the queue as owned for as long as this description is open, so that
  /// ``POSIXMessageQueue/unlinkIfAbandoned(_:)`` does not remove its name. The mark disappears when the process ends,
  /// also if it is killed.
  ///
  /// Any number of processes can own a queue. A child that inherits the descriptor shares the mark.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory` if the name of the queue was removed, as by another process
  ///   that found it abandoned: create it again. `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock` while another
  ///   process checks the queue; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `flock(2)` with `LOCK_SH`, and `fstat(2)`.
  public func markOwned(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    var backoff = Backoff()
    while try !POSIXMessageQueue.lock(descriptor, LOCK_SH, object) {
      guard try backoff.sleep(before: timeout, retryOnInterrupt: retryOnInterrupt) else {
        throw IPCError(.flock, timeout.expirationError, on: object)
      }
    }
    guard try POSIXMessageQueue.hasName(descriptor, object) else {
      throw IPCError(.flock, .noSuchFileOrDirectory, on: object)
    }
  }
}

extension POSIXMessageQueue {
  /// Removes the name of a queue if no process has marked it as owned
  /// (``Descriptor/markOwned(timeout:retryOnInterrupt:)``), as after a crash of its owners.
  ///
  /// All programs that use the queue must mark it: a queue that is only open is removed. The check and the removal are
  /// one step for programs that mark it, so none of them loses a queue that it owns.
  ///
  /// - Returns: Whether this call removed the name; false if the queue is owned or does not exist.
  /// - Throws: ``IPCError`` with `.permissionDenied`.
  ///
  /// Calls `mq_open(3)`, `flock(2)` with `LOCK_EX | LOCK_NB`, `fstat(2)` and `mq_unlink(3)`.
  public static func unlinkIfAbandoned(_ name: POSIXName) throws(IPCError) -> Bool {
    do throws(IPCError) {
      let queue = try Receiver.open(name, nonBlocking: true)
      // Without a name, it is not the queue any more that has this name now.
      guard try lock(queue.descriptor, LOCK_EX, queue.object), try hasName(queue.descriptor, queue.object) else {
        return false
      }
      try unlink(name)
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }

  /// - Returns: false if another description has a lock that excludes this one.
  fileprivate static func lock(
    _ descriptor: FileDescriptor, _ mode: Int32, _ object: IPCError.Object
  ) throws(IPCError) -> Bool {
    do throws(IPCError) {
      try Syscall.call(.flock, on: object) { flock(descriptor.rawValue, mode | LOCK_NB) }
      return true
    } catch  where error.errno == .wouldBlock {
      return false
    }
  }

  /// Whether the name of the queue was not removed. A queue cannot be renamed or linked.
  static func hasName(
    _ descriptor: FileDescriptor, _ object: IPCError.Object
  ) throws(IPCError) -> Bool {
    var status = stat()
    try Syscall.call(.fstat, on: object) { unsafe fstat(descriptor.rawValue, &status) }
    return status.st_nlink > 0
  }
}
