internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension WritableDescriptor where Self: ~Copyable {
  /// Writes the bytes of several arrays as one sequence, in order and without copying them.
  ///
  /// One call writes all parts, just as ``WritableStream/write(_:timeout:retryOnInterrupt:)`` writes a single one.
  /// Parts may be empty.
  ///
  /// - Returns: The total number of bytes written from all parts.
  /// - Throws: ``IPCError`` with `.invalidArgument` if there are more than 1024 parts (`IOV_MAX`); any error from
  ///   ``WritableStream/write(_:timeout:retryOnInterrupt:)``.
  ///
  /// Calls `pwritev2(2)` with `RWF_NOSIGNAL` (`writev(2)` before Linux 6.18), or `sendmsg(2)` on a socket.
  public func write(
    parts: [[UInt8]], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    guard parts.count <= Vectors.maximumCount else {
      throw IPCError(.writev, .invalidArgument, on: .descriptor(descriptor))
    }
    return try Vectors.write(.writev, descriptor, transport, parts, timeout, retryOnInterrupt)
  }
}

extension ReadableDescriptor where Self: ~Copyable {
  /// Reads bytes into several arrays, filling each array before the next one.
  ///
  /// The arrays keep their lengths, and the bytes after the last byte that was read do not change.
  ///
  /// - Returns: The number of bytes read; 0 at end of file, or if all parts are empty.
  /// - Throws: ``IPCError`` with `.invalidArgument` if there are more than 1024 parts (`IOV_MAX`); any error from
  ///   ``ReadableStream/read(into:timeout:retryOnInterrupt:)``.
  ///
  /// Calls `readv(2)`, or `preadv2(2)` with `RWF_NOWAIT` and `ppoll(2)`; on a socket, `recvmsg(2)`.
  public func read(
    into parts: inout [[UInt8]], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    guard parts.count <= Vectors.maximumCount else {
      throw IPCError(.readv, .invalidArgument, on: .descriptor(descriptor))
    }
    return try Vectors.read(.readv, descriptor, transport, into: &parts, timeout, retryOnInterrupt)
  }
}

extension UnixSocket.Socket where Style: UnixSocket.MessageStyle {
  /// Sends the bytes of several arrays as one message, in order and without copying them.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` if there are more than 1024 parts (`IOV_MAX`); any error from
  ///   ``send(_:timeout:retryOnInterrupt:)-(RawSpan,_,_)``.
  ///
  /// Calls `sendmsg(2)`.
  public func send(
    parts: [[UInt8]], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) {
    _ = try Vectors.write(.sendmsg, descriptor, .socket, parts, timeout, retryOnInterrupt)
  }

  /// Receives the next message into several arrays, filling each array before the next one.
  ///
  /// The arrays keep their lengths, and the bytes after the end of the message do not change. Bytes that do not fit are
  /// lost; see ``ReceivedPacket/isTruncated``.
  ///
  /// - Returns: The length of the message. A length of 0 means an empty datagram or the end of a connection.
  /// - Throws: ``IPCError`` with `.messageTooLong` if there are more than 1024 parts (`IOV_MAX`); `.timedOut` or, for
  ///   ``Timeout/immediate``, `.wouldBlock`; `.interrupted` if `retryOnInterrupt` is false and a signal handler ran.
  ///
  /// Calls `recvmsg(2)` with `MSG_TRUNC`.
  public func receive(
    into parts: inout [[UInt8]], timeout: Timeout = .never, retryOnInterrupt: Bool = true
  ) throws(IPCError) -> ReceivedPacket {
    let room = parts.reduce(0) { $0 + $1.count }
    let length = try Vectors.read(
      .recvmsg, descriptor, .socket, into: &parts, timeout, retryOnInterrupt, flags: Int32(MSG_TRUNC))
    return ReceivedPacket(length: min(length, room), originalLength: length)
  }
}

extension FileDescriptor {
  /// Reads bytes at an offset in a file into several arrays, filling each array before the next one.
  ///
  /// The offset of the open file description does not change. The arrays keep their lengths, and the bytes after the
  /// last byte that was read do not change.
  ///
  /// - Returns: The number of bytes read, which may be less than the room, as at the end of the file; 0 past the end, or
  ///   if all parts are empty.
  /// - Throws: ``IPCError`` with `.illegalSeek` if the file is a pipe or a socket; `.invalidArgument` if there are more
  ///   than 1024 parts (`IOV_MAX`) or the offset is negative; `.badFileDescriptor` if the file is not open for reading.
  ///
  /// Calls `preadv(2)`.
  public func read(
    fromAbsoluteOffset offset: Int64, into parts: inout [[UInt8]], retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    guard parts.count <= Vectors.maximumCount else {
      throw IPCError(.preadv, .invalidArgument, on: .descriptor(self))
    }
    return try unsafe Vectors.withVectors(into: &parts) { (vectors) throws(IPCError) in
      try Syscall.call(.preadv, on: .descriptor(self), retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_preadv(rawValue, vectors.baseAddress, vectors.count, offset)
      }
    }
  }

  /// Writes the bytes of several arrays as one sequence at an offset in a file, in order and without copying them.
  ///
  /// The offset of the open file description does not change. If the descriptor was opened with `O_APPEND`, Linux
  /// appends the bytes, whatever the offset.
  ///
  /// - Returns: The number of bytes written from all parts, which may be less than their total, for example if the disk
  ///   becomes full.
  /// - Throws: ``IPCError`` with `.illegalSeek` if the file is a pipe or a socket; `.invalidArgument` if there are more
  ///   than 1024 parts (`IOV_MAX`) or the offset is negative; `.badFileDescriptor` if the file is not open for writing;
  ///   `.noSpace` if the disk is full; `.fileTooLarge` if the offset is at the size limit of the file system or at
  ///   `RLIMIT_FSIZE`.
  ///
  /// Calls `pwritev(2)`.
  public func write(
    toAbsoluteOffset offset: Int64, parts: [[UInt8]], retryOnInterrupt: Bool = true
  ) throws(IPCError) -> Int {
    guard parts.count <= Vectors.maximumCount else {
      throw IPCError(.pwritev, .invalidArgument, on: .descriptor(self))
    }
    return try unsafe Vectors.withVectors(from: parts) { (vectors) throws(IPCError) in
      try Syscall.call(.pwritev, on: .descriptor(self), retryOnInterrupt: retryOnInterrupt) {
        unsafe cipc_pwritev(rawValue, vectors.baseAddress, vectors.count, offset)
      }
    }
  }
}

/// Transfers between a descriptor and several arrays in one call.
enum Vectors {
  /// The maximum number of parts: `IOV_MAX`.
  static let maximumCount = 1024

  static func write(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ transport: Transport, _ parts: [[UInt8]],
    _ timeout: Timeout, _ retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let total = parts.reduce(0) { $0 + $1.count }
    return try unsafe withVectors(from: parts) { (vectors) throws(IPCError) in
      try perform(call, descriptor, transport, .writable, timeout, retryOnInterrupt) { number, nowait in
        transport == .socket
          ? unsafe cipc_socket_writev(number, vectors.baseAddress, vectors.count, nowait ? Int32(MSG_DONTWAIT) : 0)
          : PipeSignal.write(total, nowait: nowait) {
            unsafe cipc_pipe_writev(number, vectors.baseAddress, vectors.count, $0)
          }
      }
    }
  }

  static func read(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ transport: Transport, into parts: inout [[UInt8]],
    _ timeout: Timeout, _ retryOnInterrupt: Bool, flags: Int32 = 0
  ) throws(IPCError) -> Int {
    try unsafe withVectors(into: &parts) { (vectors) throws(IPCError) in
      try perform(call, descriptor, transport, .readable, timeout, retryOnInterrupt) { number, nowait in
        transport == .socket
          ? unsafe cipc_socket_readv(
            number, vectors.baseAddress, vectors.count, flags | (nowait ? Int32(MSG_DONTWAIT) : 0))
          : unsafe cipc_pipe_readv(number, vectors.baseAddress, vectors.count, nowait ? Int32(CIPC_NOWAIT) : 0)
      }
    }
  }

  /// Makes one blocking call if the timeout is ``Timeout/never``; otherwise makes nonblocking attempts.
  private static func perform(
    _ call: IPCError.Call, _ descriptor: FileDescriptor, _ transport: Transport, _ events: Readiness,
    _ timeout: Timeout, _ retryOnInterrupt: Bool, _ attempt: (Int32, Bool) -> Int
  ) throws(IPCError) -> Int {
    if timeout.isNever {
      let count = attempt(descriptor.rawValue, false)
      if count >= 0 { return count }
      try Transfer.recover(call, descriptor, transport, retryOnInterrupt)
    }
    return try Transfer.slowly(call, descriptor, transport, events, timeout, retryOnInterrupt, attempt)
  }

  /// Calls `body` with the locations of the bytes of `parts`, for a call that reads them.
  static func withVectors<Value>(
    from parts: [[UInt8]], _ body: (UnsafeMutableBufferPointer<cipc_part>) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    try unsafe withVectors(parts.count) { (vectors) throws(IPCError) in
      for index in parts.indices {
        unsafe vectors[index] = unsafe parts[index].withUnsafeBytes {
          unsafe cipc_part(bytes: UnsafeMutableRawPointer(mutating: $0.baseAddress), count: $0.count)
        }
      }
      // The arrays are not modified, so their storage does not move while they exist.
      return try withExtendedLifetime(parts) { () throws(IPCError) in try unsafe body(vectors) }
    }
  }

  /// Calls `body` with the locations of the bytes of `parts`, for a call that fills them.
  static func withVectors<Value>(
    into parts: inout [[UInt8]], _ body: (UnsafeMutableBufferPointer<cipc_part>) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    try unsafe withVectors(parts.count) { (vectors) throws(IPCError) in
      for index in parts.indices {
        unsafe vectors[index] = unsafe parts[index].withUnsafeMutableBytes {
          unsafe cipc_part(bytes: $0.baseAddress, count: $0.count)
        }
      }
      // The arrays now have unique storage, which does not move until they are modified.
      return try withExtendedLifetime(parts) { () throws(IPCError) in try unsafe body(vectors) }
    }
  }

  private static func withVectors<Value>(
    _ count: Int, _ body: (UnsafeMutableBufferPointer<cipc_part>) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    try unsafe withUnsafeTemporaryAllocation(of: cipc_part.self, capacity: count) { (buffer) throws(IPCError) in
      unsafe buffer.initialize(repeating: cipc_part())
      return try unsafe body(buffer)
    }
  }
}
