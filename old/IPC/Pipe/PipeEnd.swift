internal import CIPC
internal import SystemPackage

/// One end of a pipe or FIFO.
public protocol PipeEnd: ByteEnd, ~Copyable {}

extension PipeEnd where Self: ~Copyable {
  public var transport: Transport { .file }

  /// How many bytes the pipe can hold at most.
  ///
  /// Calls `fcntl(2)` with `F_GETPIPE_SZ`.
  public var capacity: Int {
    get throws(IPCError) {
      Int(try control("fcntl F_GETPIPE_SZ", Int32(CIPC_F_GETPIPE_SZ)))
    }
  }

  /// Sets how many bytes the pipe can hold at least.
  ///
  /// - Returns: How many it holds now: the kernel rounds up to pages, and to a power of two of them.
  /// - Throws: ``IPCError`` with `.notPermitted` beyond `/proc/sys/fs/pipe-max-size`, for those without privilege;
  ///   `.resourceBusy` when it holds more bytes already; `.invalidArgument` for what no pipe can hold.
  ///
  /// Calls `fcntl(2)` with `F_SETPIPE_SZ`.
  @discardableResult
  public func setCapacity(_ bytes: Int) throws(IPCError) -> Int {
    guard let argument = Int32(exactly: bytes) else {
      throw IPCError(call: "fcntl F_SETPIPE_SZ", errno: .invalidArgument, object: .descriptor(descriptor))
    }
    return Int(try control("fcntl F_SETPIPE_SZ", Int32(CIPC_F_SETPIPE_SZ), argument))
  }
}
