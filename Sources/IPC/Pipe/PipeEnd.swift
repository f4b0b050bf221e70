internal import CIPC
internal import Glibc
public import SystemPackage

/// One end of a pipe or FIFO.
public protocol PipeEnd: ~Copyable {
  /// The descriptor, on loan: whoever closes it takes it from its owner.
  var descriptor: FileDescriptor { get }

  /// Closes this end. Without it, the end is closed when its owner goes, and a failure is lost.
  ///
  /// Calls `close(2)`, once.
  consuming func close() throws(IPCError)
}

extension PipeEnd where Self: ~Copyable {
  /// How many bytes the pipe holds that nobody has read yet.
  ///
  /// Calls `ioctl(2)` with `FIONREAD`.
  public var bytesWaiting: Int {
    get throws(IPCError) {
      var count: Int32 = 0
      try Kernel.call("ioctl FIONREAD", on: .descriptor(descriptor)) {
        unsafe ioctl(descriptor.rawValue, UInt(FIONREAD), &count)
      }
      return Int(count)
    }
  }

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

  /// Whether the description is non-blocking, for everybody who shares it.
  ///
  /// Calls `fcntl(2)` with `F_GETFL`.
  public var isNonBlocking: Bool {
    get throws(IPCError) { try control("fcntl F_GETFL", F_GETFL) & O_NONBLOCK != 0 }
  }

  /// Makes the description non-blocking or blocking, for everybody who shares it.
  ///
  /// Calls `fcntl(2)` with `F_SETFL`.
  public func setNonBlocking(_ nonBlocking: Bool) throws(IPCError) {
    let flags = try control("fcntl F_GETFL", F_GETFL)
    _ = try control("fcntl F_SETFL", F_SETFL, nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
  }

  private func control(_ name: String, _ command: Int32, _ argument: Int32 = 0) throws(IPCError) -> Int32 {
    try Kernel.call(name, on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, command, argument) }
  }
}
