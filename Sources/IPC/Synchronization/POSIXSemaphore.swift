internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A POSIX semaphore (`sem_t`): a counter that is never negative.
///
/// Processes can wait until the counter is above 0.
///
/// A semaphore either has a name, or is in shared memory:
///
/// ```swift
/// let printer = try POSIXSemaphore.createOrOpen("/printer", value: 1)
/// try printer.wait(timeout: .after(.seconds(1)))
/// defer { try? printer.post() }
/// ```
///
/// If a process dies after waiting and before posting, the counter stays decremented. ``SystemVSemaphores`` can undo
/// the change, and a ``SharedMutex`` reports the death.
///
/// `sem_overview(7)`.
@safe public struct POSIXSemaphore: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<sem_t>
  private let place: Place

  /// The object reported in errors.
  let object: IPCError.Object?

  /// Whether the call that opened the semaphore created it.
  public let isNew: Bool

  @usableFromInline enum Place: ~Copyable {
    case named(OpenSemaphore)
    case memory(SharedRegion)
  }

  init(named opening: consuming OpenSemaphore, _ object: IPCError.Object, isNew: Bool) {
    unsafe address = opening.address
    place = .named(opening)
    self.object = object
    self.isNew = isNew
  }

  private init(_ address: UnsafeMutablePointer<sem_t>, in region: SharedRegion, isNew: Bool) {
    unsafe self.address = address
    place = .memory(region)
    object = region.object
    self.isNew = isNew
  }

  /// A semaphore's maximum value.
  public static var maximumValue: UInt32 { UInt32(Int32.max) }

  /// The number of bytes that a semaphore occupies in shared memory: 32 on 64-bit machines.
  public static var size: Int { MemoryLayout<sem_t>.size }

  /// Creates a semaphore in shared memory.
  ///
  /// Do not call this while a semaphore at this offset is in use.
  ///
  /// - Parameters:
  ///   - region: The memory that all processes share.
  ///   - offset: The offset in bytes; a multiple of 8.
  ///   - value: The initial value.
  /// - Returns: The semaphore, which keeps the region mapped.
  /// - Throws: ``IPCError`` with `.invalidArgument` if the value is above ``maximumValue``, or the offset is not a
  ///   multiple of 8; `.badAddress` if the offset is outside the region or past the end of the mapped object.
  ///
  /// Calls `sem_init(3)`.
  public static func create(in region: SharedRegion, at offset: Int, value: UInt32) throws(IPCError) -> POSIXSemaphore {
    let address = try unsafe region.place(sem_t.self, at: offset)
    try Syscall.call(.semInit, on: region.object) { unsafe sem_init(address, 1, value) }
    return unsafe POSIXSemaphore(address, in: region, isNew: true)
  }

  /// Returns the semaphore created by another process at this offset; its bytes are not checked.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` or `.badAddress`, as in ``create(in:at:value:)``.
  public static func open(in region: SharedRegion, at offset: Int) throws(IPCError) -> POSIXSemaphore {
    unsafe POSIXSemaphore(try region.place(sem_t.self, at: offset), in: region, isNew: false)
  }

  /// Destroys a semaphore in shared memory.
  ///
  /// No thread may be waiting on it, and it must not be used afterwards.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if this is a named semaphore: close it instead.
  ///
  /// Calls `sem_destroy(3)`.
  public consuming func destroy() throws(IPCError) {
    guard !isNamed else { throw IPCError(.semDestroy, .invalidArgument, on: object) }
    try Syscall.call(.semDestroy, on: object) { unsafe sem_destroy(address) }
  }

  /// Closes the semaphore and throws if that fails; destroying the value ignores a failure.
  ///
  /// The semaphore and its value remain available to other processes. A named semaphore exists until its name is
  /// removed and all processes have closed it.
  ///
  /// Calls `sem_close(3)` for a named semaphore.
  public consuming func close() throws(IPCError) {
    let object = object
    switch consume place {
    case .named(let opening): try opening.close(object)
    case .memory: break
    }
  }

  private var isNamed: Bool {
    switch place {
    case .named: true
    case .memory: false
    }
  }

  /// Returns whether both values refer to the same semaphore in memory, for example because this process opened a name
  /// twice.
  public func isSame(as other: borrowing POSIXSemaphore) -> Bool { unsafe address == other.address }
}

/// The address that `sem_open(3)` returned.
///
/// This type closes the semaphore only once.
@usableFromInline @safe struct OpenSemaphore: ~Copyable {
  let address: UnsafeMutablePointer<sem_t>

  /// Opens a semaphore with a call that returns its address.
  init(
    _ name: POSIXName, _ call: (UnsafePointer<CChar>) -> UnsafeMutablePointer<sem_t>?
  ) throws(IPCError) {
    // Unlike other calls, which return -1 if they fail, sem_open(3) returns a null pointer.
    let result = try Syscall.call(.semOpen, on: .name(name)) {
      let address = unsafe name.withCString { unsafe Int(bitPattern: call($0)) }
      return address == 0 ? -1 : address
    }
    guard let address = unsafe UnsafeMutablePointer<sem_t>(bitPattern: result) else {
      throw IPCError(.semOpen, .badAddress, on: .name(name))
    }
    unsafe self.address = address
  }

  // A failure cannot be reported here; close() reports it.
  deinit { unsafe sem_close(address) }

  consuming func close(_ object: IPCError.Object?) throws(IPCError) {
    let address = unsafe address
    discard self
    try Syscall.call(.semClose, on: object) { unsafe sem_close(address) }
  }
}

extension POSIXSemaphore {
  /// Waits until the value is above 0, and subtracts one.
  ///
  /// - Throws: ``IPCError`` with `.timedOut` or, for ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if
  ///   `retryOnInterrupt` is false and a signal handler ran. A handler with `SA_RESTART` interrupts only a wait that
  ///   has a deadline.
  ///
  /// Calls `sem_wait(3)`, `sem_trywait(3)`, or `sem_clockwait(3)` with `CLOCK_MONOTONIC`.
  public func wait(timeout: Timeout = .never, retryOnInterrupt: Bool = true) throws(IPCError) {
    if timeout.isNever {
      while unsafe sem_wait(address) != 0 { try recover(.semWait, retryOnInterrupt) }
    } else if timeout.isImmediate {
      while unsafe sem_trywait(address) != 0 { try recover(.semTryWait, retryOnInterrupt) }
    } else {
      let deadline = timeout.monotonicTime
      while unsafe cipc_sem_wait_until(address, deadline.seconds, deadline.nanoseconds) != 0 {
        try recover(.semClockWait, retryOnInterrupt)
      }
    }
  }

  /// Subtracts one from the value if it is above 0.
  ///
  /// - Returns: Whether the value was above 0.
  ///
  /// Calls `sem_trywait(3)`.
  public func tryWait() throws(IPCError) -> Bool {
    try nilIfWouldBlock { () throws(IPCError) in try wait(timeout: .immediate) } != nil
  }

  /// Throws the error from a failed call, unless the call must be retried.
  @inline(never)
  private func recover(_ call: IPCError.Call, _ retryOnInterrupt: Bool) throws(IPCError) {
    let reason = Syscall.lastError
    if reason != .interrupted || !retryOnInterrupt { throw IPCError(call, reason, on: object) }
  }

  /// Adds one to the value, and wakes one waiting thread, if any.
  ///
  /// - Throws: ``IPCError`` with `.overflow` if the value is ``maximumValue``.
  ///
  /// Calls `sem_post(3)`.
  public func post() throws(IPCError) {
    if unsafe sem_post(address) != 0 { try recover(.semPost, false) }
  }

  /// The current value; 0 while threads wait.
  ///
  /// The value can change at any time: to decide whether to continue, call ``wait(timeout:retryOnInterrupt:)`` instead.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the value is negative because the memory was overwritten.
  ///
  /// Calls `sem_getvalue(3)`.
  public var value: UInt32 {
    get throws(IPCError) {
      var value: Int32 = 0
      try Syscall.call(.semGetValue, on: object) { unsafe sem_getvalue(address, &value) }
      guard let value = UInt32(exactly: value) else { throw IPCError(.semGetValue, .invalidArgument, on: object) }
      return value
    }
  }
}

extension POSIXSemaphore {
  /// Posts the semaphore whenever this process receives a signal, until ``SignalRegistration/cancel()``.
  ///
  /// `sem_post(3)` is the only call that may wake a waiting thread from a signal handler (`signal-safety(7)`). The
  /// handler replaces an earlier handler for the same signal, and is installed with `SA_RESTART`.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the number is not a signal, or the signal cannot be handled.
  ///
  /// Calls `sigaction(2)`.
  public consuming func post(onSignal number: Int32) throws(IPCError) -> SignalRegistration {
    try SignalRegistration(self, number)
  }

  /// A signal handler that posts a semaphore; the handler is removed when this value is destroyed.
  public struct SignalRegistration: ~Copyable {
    private let signal: Int32
    /// The sequence number of this registration among all registrations for the signal.
    private let number: Int32
    // The semaphore is destroyed after `deinit` has removed the handler.
    private let semaphore: POSIXSemaphore

    fileprivate init(_ semaphore: consuming POSIXSemaphore, _ signal: Int32) throws(IPCError) {
      number = try Syscall.call(.sigaction, on: semaphore.object) {
        unsafe cipc_sem_post_on_signal(semaphore.address, signal)
      }
      self.signal = signal
      self.semaphore = semaphore
    }

    deinit { _ = cipc_sem_stop_posting(signal, number) }

    /// Restores the signal's default action, unless there is a newer registration, and closes the semaphore.
    public consuming func cancel() {}
  }
}
