internal import CIPC
internal import Synchronization
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// One transfer between memory and a pipe or stream socket.
///
/// Without a timeout, the transfer makes one blocking call. With a timeout, it makes nonblocking calls, even on a
/// blocking open file description, because another process could consume the bytes that `poll(2)` reported. Between
/// these calls, it waits in `ppoll(2)`.
@usableFromInline
enum Transfer {
  /// Makes one blocking call, and appends the bytes read.
  ///
  /// - Returns: The result of the call; -1 on failure, with the reason in `errno`.
  @inlinable @inline(__always)
  static func attemptRead(
    _ descriptor: FileDescriptor, _ transport: Transport, into bytes: inout OutputRawSpan
  ) -> Int {
    unsafe bytes.withUnsafeMutableBytes { buffer, filled in
      // The kernel would return 0, which the caller would mistake for end of file.
      guard let start = buffer.baseAddress, filled < buffer.count else { return 0 }
      let count = unsafe read(descriptor, transport, start + filled, buffer.count &- filled)
      if count > 0 { filled &+= count }
      return count
    }
  }

  /// Calls `read(2)` or `recv(2)`.
  ///
  /// This is a separate function so that the caller can keep its span's count in a register.
  @usableFromInline
  static func read(
    _ descriptor: FileDescriptor, _ transport: Transport, _ start: UnsafeMutableRawPointer, _ room: Int
  ) -> Int {
    transport == .socket
      ? unsafe cipc_socket_read(descriptor.rawValue, start, room, 0)
      : unsafe cipc_pipe_read(descriptor.rawValue, start, room, 0)
  }

  /// Reads after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  static func read(
    _ descriptor: FileDescriptor, _ transport: Transport, into bytes: inout OutputRawSpan, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    if timeout.isNever { try recover(transport == .socket ? .recv : .read, descriptor, transport, retryOnInterrupt) }
    if bytes.freeCapacity == 0 { return 0 }
    return try unsafe bytes.withUnsafeMutableBytes { (buffer, filled) throws(IPCError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = try unsafe readSlowly(descriptor, transport, into: room, timeout, retryOnInterrupt)
      filled += count
      return count
    }
  }

  /// Makes one blocking call.
  ///
  /// - Returns: The result of the call; -1 on failure, with the reason in `errno`.
  @usableFromInline
  static func attemptWrite(_ descriptor: FileDescriptor, _ transport: Transport, _ bytes: RawSpan) -> Int {
    unsafe bytes.withUnsafeBytes { buffer in
      transport == .socket
        ? unsafe cipc_socket_write(descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
        : unsafe PipeSignal.attemptWrite(descriptor.rawValue, buffer)
    }
  }

  /// Writes after a failed attempt or with a timeout.
  @usableFromInline @inline(never)
  static func write(
    _ descriptor: FileDescriptor, _ transport: Transport, _ bytes: RawSpan, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    if timeout.isNever { try recover(transport == .socket ? .send : .write, descriptor, transport, retryOnInterrupt) }
    return try unsafe bytes.withUnsafeBytes { (buffer) throws(IPCError) in
      try unsafe writeSlowly(descriptor, transport, buffer, timeout, retryOnInterrupt)
    }
  }

  /// Writes the bytes that the first call did not write.
  @usableFromInline @inline(never)
  static func writeRest(
    _ descriptor: FileDescriptor, _ transport: Transport, _ bytes: RawSpan, after count: Int, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    var count = count
    while count < bytes.byteCount {
      let rest = bytes.extracting(droppingFirst: count)
      if timeout.isNever, !retryOnInterrupt {
        let written = try writeUnlessInterrupted(descriptor, transport, rest, after: count)
        if written > 0 {
          count += written
          continue
        }
      }
      let written = timeout.isNever ? attemptWrite(descriptor, transport, rest) : -1
      if written >= 0 {
        count += written
        continue
      }
      do throws(IPCError) {
        count += try write(descriptor, transport, rest, timeout, retryOnInterrupt)
      } catch {
        throw error.adding(transferred: count)
      }
    }
  }

  /// Writes as many of the remaining bytes as fit, after a call that has written only some of the bytes.
  ///
  /// A blocking call that returns before all bytes are written was interrupted by a signal handler, but does not report
  /// the interruption.
  ///
  /// - Returns: 0 if the open file description is nonblocking and there is no room.
  private static func writeUnlessInterrupted(
    _ descriptor: FileDescriptor, _ transport: Transport, _ rest: RawSpan, after count: Int
  ) throws(IPCError) -> Int {
    do throws(IPCError) {
      return try write(descriptor, transport, rest, .immediate, true)
    } catch {
      guard error.errno == .wouldBlock else { throw error.adding(transferred: count) }
      if try NonBlocking.isSet(descriptor) { return 0 }
      throw IPCError(error.call, .interrupted, on: error.object, transferred: count)
    }
  }

  /// Throws a failed blocking call's error, unless the call must be retried.
  @inline(never)
  static func recover(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ transport: Transport, _ retryOnInterrupt: Bool
  ) throws(IPCError) {
    let reason = Syscall.lastError
    if reason == .interrupted, retryOnInterrupt { return }
    if reason == .wouldBlock {
      // Either the open file description is nonblocking, so the next attempt waits in ppoll(2), or a socket's time
      // limit has expired.
      if transport == .socket, try !NonBlocking.isSet(descriptor) {
        throw IPCError(call, .wouldBlock, on: .descriptor(descriptor))
      }
      return
    }
    // Perhaps the kernel only lacks RWF_NOSIGNAL. Try again to find out, even if another thread has already found that
    // the flag is missing.
    if call == .write || call == .writev, reason == .notSupported { return }
    throw IPCError(call, reason, on: transport == .socket ? .socket(descriptor) : .descriptor(descriptor))
  }

  @inline(never)
  private static func readSlowly(
    _ descriptor: FileDescriptor, _ transport: Transport, into room: UnsafeMutableRawBufferPointer, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let call = transport == .socket ? IPCError.Call.recv : .read
    return try slowly(call, descriptor, transport, .readable, timeout, retryOnInterrupt) { number, nowait in
      transport == .socket
        ? unsafe cipc_socket_read(number, room.baseAddress, room.count, nowait ? Int32(MSG_DONTWAIT) : 0)
        : unsafe cipc_pipe_read(number, room.baseAddress, room.count, nowait ? Int32(CIPC_NOWAIT) : 0)
    }
  }

  @inline(never)
  private static func writeSlowly(
    _ descriptor: FileDescriptor, _ transport: Transport, _ bytes: UnsafeRawBufferPointer, _ timeout: Timeout,
    _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let call = transport == .socket ? IPCError.Call.send : .write
    return try slowly(call, descriptor, transport, .writable, timeout, retryOnInterrupt) { number, nowait in
      transport == .socket
        ? unsafe cipc_socket_write(number, bytes.baseAddress, bytes.count, nowait ? Int32(MSG_DONTWAIT) : 0)
        : unsafe PipeSignal.write(number, bytes, nowait: nowait)
    }
  }

  /// Retries the call, waiting for readiness between attempts.
  ///
  /// `attempt` makes one call with a descriptor, and returns -1 on failure. The call must not block if the second
  /// argument is true.
  static func slowly(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ transport: Transport, _ events: Readiness,
    _ timeout: Timeout, _ retryOnInterrupt: Bool, _ attempt: (Int32, Bool) -> Int
  ) throws(IPCError) -> Int {
    let nowait = !timeout.isNever
    return try Syscall.untilReady(
      call, descriptor, events, timeout, on: transport == .socket ? .socket(descriptor) : nil,
      retryOnInterrupt: retryOnInterrupt
    ) { () throws(IPCError) in
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) { attempt(descriptor.rawValue, nowait) }
      guard nowait, transport == .file, result.failed(with: .notSupported) else { return result }
      return try withoutWaiting(descriptor, events, retryOnInterrupt) { attempt($0, false) }
    }
  }

  /// Makes a nonblocking attempt on files for which the kernel does not support `RWF_NOWAIT`: FIFOs on any kernel, and
  /// pipes before Linux 6.4.
  ///
  /// This opens the same end again: the new open file description has its own flags, so other processes are not
  /// affected.
  private static func withoutWaiting(
    _ descriptor: FileDescriptor, _ events: Readiness, _ retryOnInterrupt: Bool, _ transfer: (Int32) -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    let access = events == .readable ? O_RDONLY : O_WRONLY
    let reopened = Syscall.result { cipc_reopen(descriptor.rawValue, access | O_NONBLOCK | O_CLOEXEC) }
    switch reopened {
    // A FIFO without readers cannot be opened for writing. Writing to it fails with EPIPE.
    case .failure(.noSuchAddressOrDevice): return .failure(.brokenPipe)
    // If the process has lost permission or /proc is not mounted, make the shared open file description nonblocking
    // during the call.
    case .failure(.permissionDenied), .failure(.noSuchFileOrDirectory):
      return try NonBlocking.result(descriptor, retryOnInterrupt: retryOnInterrupt) { transfer(descriptor.rawValue) }
    case .failure(let reason): throw IPCError(.open, reason, on: .descriptor(descriptor))
    case .success(let number):
      let own = OwnedDescriptor(taking: number)
      if events == .writable, try NonBlocking.statusFlags(of: descriptor) & Int32(CIPC_O_DIRECT) != 0 {
        // Packet mode is a flag of the open file description. open(2) does not set it for a FIFO.
        try NonBlocking.setStatusFlags(of: own.descriptor, O_NONBLOCK | Int32(CIPC_O_DIRECT))
      }
      let result = Syscall.result(retryOnInterrupt: retryOnInterrupt) { transfer(number) }
      try own.close()
      return result
    }
  }
}

/// Prevents `SIGPIPE` from killing a process that writes to a pipe without readers.
enum PipeSignal {
  /// The flag to pass to each write, or ``mask``.
  ///
  /// The value is `RWF_NOSIGNAL` until the kernel rejects this flag. If the program ignores `SIGPIPE`, the value is 0,
  /// because `write(2)` then needs no protection.
  private static let method = Atomic(Int32(CIPC_NOSIGNAL))
  /// A value that means that the kernel does not support the flag.
  ///
  /// The signal is blocked in this thread during each write instead, which takes two more system calls.
  private static let mask: Int32 = -1

  /// Records that the program ignores `SIGPIPE` from now on, so writes need no other protection.
  static func programIgnoresIt() { method.store(0, ordering: .relaxed) }

  /// Records that the program may no longer ignore `SIGPIPE`.
  static func programHandlesIt() { method.store(Int32(CIPC_NOSIGNAL), ordering: .relaxed) }

  /// Makes this process behave as if the kernel predated Linux 6.18, for tests.
  static func assumeKernelWithoutFlag() { method.store(mask, ordering: .relaxed) }

  /// Calls `pwritev2(2)` or `write(2)` once, and returns -1 on failure.
  ///
  /// `.notSupported` can mean that the kernel lacks `RWF_NOSIGNAL`; ``write(_:_:nowait:)`` checks for that.
  @inline(__always)
  static func attemptWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    let flags = method.load(ordering: .relaxed)
    return flags == mask
      ? unsafe writeWithMask(descriptor, bytes, 0)
      : unsafe cipc_pipe_write(descriptor, bytes.baseAddress, bytes.count, flags)
  }

  /// Calls `pwritev2(2)` or `write(2)`, and returns -1 on failure.
  static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, nowait: Bool) -> Int {
    write(bytes.count, nowait: nowait) { unsafe cipc_pipe_write(descriptor, bytes.baseAddress, bytes.count, $0) }
  }

  /// Makes a call that writes `count` bytes with the given flags, and returns -1 on failure.
  static func write(_ count: Int, nowait: Bool, _ call: (Int32) -> Int) -> Int {
    let nowaitFlag = nowait ? Int32(CIPC_NOWAIT) : 0
    let flags = method.load(ordering: .relaxed)
    if flags != mask {
      let written = call(flags | nowaitFlag)
      if written >= 0 || Syscall.lastError != .notSupported || nowait || flags == 0 { return written }
      method.store(mask, ordering: .relaxed)
    }
    return withMask(count) { call(nowaitFlag) }
  }

  @inline(never)
  private static func writeWithMask(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
    withMask(bytes.count) { unsafe cipc_pipe_write(descriptor, bytes.baseAddress, bytes.count, flags) }
  }

  /// Blocks the signal in this thread during a call that writes `count` bytes.
  private static func withMask(_ count: Int, _ call: () -> Int) -> Int {
    // The kernel also raises the signal if the call wrote some bytes before the last reader closed its end.
    ThreadSignal.contained(SIGPIPE) {
      call()
    } raised: {
      $0 < count
    }
  }
}
