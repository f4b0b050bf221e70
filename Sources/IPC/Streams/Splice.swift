internal import CIPC
public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Operations that move bytes between descriptors inside the kernel, without copying them into this process.
///
/// ```swift
/// let count = try Splice.send(from: file, at: 0, to: socket.descriptor, maxLength: 65_536)
/// ```
///
/// Each call returns the number of bytes moved, which can be less than `maxLength`; 0 means end of file. A call on a
/// blocking descriptor can block, and a signal handler can interrupt it.
///
/// `splice(2)`.
public enum Splice {
  /// Moves bytes between two descriptors, at least one of which is a pipe.
  ///
  /// - Parameters:
  ///   - source: The descriptor to read from.
  ///   - sourceOffset: The offset in a file; nil to use and update the descriptor's file offset.
  ///   - target: The descriptor to write to.
  ///   - targetOffset: The offset in a file; nil to use and update the descriptor's file offset.
  ///   - maxLength: The maximum number of bytes.
  ///   - nonBlocking: Whether the call throws `.wouldBlock` instead of waiting for a pipe.
  /// - Returns: The number of bytes moved.
  /// - Throws: ``IPCError`` with `.invalidArgument` if neither descriptor is a pipe, or the target is open for
  ///   appending; `.illegalSeek` if an offset is given for a pipe; `.badFileDescriptor`; `.wouldBlock`; `.brokenPipe`.
  ///
  /// Calls `splice(2)`.
  public static func move(
    from source: FileDescriptor, at sourceOffset: Int64? = nil, to target: FileDescriptor,
    at targetOffset: Int64? = nil, maxLength: Int, nonBlocking: Bool = false
  ) throws(IPCError) -> Int {
    try unsafe call(.splice, source, sourceOffset, targetOffset, maxLength) {
      unsafe cipc_splice(source.rawValue, $0, target.rawValue, $1, maxLength, nonBlocking ? 1 : 0)
    }
  }

  /// Copies bytes from one pipe to another without consuming them.
  ///
  /// - Returns: The number of bytes copied.
  /// - Throws: ``IPCError`` with `.invalidArgument` unless the descriptors are two different pipes; `.wouldBlock`;
  ///   `.brokenPipe`.
  ///
  /// Calls `tee(2)`.
  public static func duplicate(
    from source: FileDescriptor, to target: FileDescriptor, maxLength: Int, nonBlocking: Bool = false
  ) throws(IPCError) -> Int {
    try unsafe call(.tee, source, nil, nil, maxLength) { _, _ in
      cipc_tee(source.rawValue, target.rawValue, maxLength, nonBlocking ? 1 : 0)
    }
  }

  /// Sends bytes from a file that can be mapped to any descriptor, such as a socket.
  ///
  /// - Parameters:
  ///   - file: The file to read from.
  ///   - offset: The offset in the file; nil to use and update the descriptor's file offset.
  ///   - target: The descriptor to write to.
  ///   - maxLength: The maximum number of bytes.
  /// - Returns: The number of bytes sent.
  /// - Throws: ``IPCError`` with `.invalidArgument` if the source cannot be mapped, such as a pipe;
  ///   `.badFileDescriptor`; `.wouldBlock`; `.brokenPipe`.
  ///
  /// Calls `sendfile(2)`.
  public static func send(
    from file: FileDescriptor, at offset: Int64? = nil, to target: FileDescriptor, maxLength: Int
  ) throws(IPCError) -> Int {
    try unsafe call(.sendfile, file, offset, nil, maxLength) { from, _ in
      unsafe cipc_sendfile(file.rawValue, from, target.rawValue, maxLength)
    }
  }

  /// Calls `body` with pointers to the offsets, or with nil for an offset that is nil.
  private static func call(
    _ name: IPCError.Call, _ source: FileDescriptor, _ sourceOffset: Int64?, _ targetOffset: Int64?, _ maxLength: Int,
    _ body: (UnsafePointer<Int64>?, UnsafePointer<Int64>?) -> Int
  ) throws(IPCError) -> Int {
    let offsets: [2 of Int64] = [sourceOffset ?? 0, targetOffset ?? 0]
    return try Syscall.call(name, on: .descriptor(source), retryOnInterrupt: false) {
      unsafe offsets.span.withUnsafeBufferPointer { offsets in
        guard let first = offsets.baseAddress else { return -1 }
        // These calls have no flag that suppresses SIGPIPE. The kernel also raises it if the call moved some bytes before
        // the last reader closed its end.
        return ThreadSignal.contained(SIGPIPE) {
          unsafe body(sourceOffset == nil ? nil : first, targetOffset == nil ? nil : first + 1)
        } raised: {
          $0 < maxLength
        }
      }
    }
  }
}
