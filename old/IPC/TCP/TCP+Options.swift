internal import CIPC
internal import Glibc
internal import SystemPackage

extension TCP.Stream {
  /// Whether what is written goes out at once, instead of waiting for more while something else is on its way.
  ///
  /// Calls `getsockopt(2)` with `TCP_NODELAY`.
  public var hasNoDelay: Bool {
    get throws(IPCError) { try option("getsockopt TCP_NODELAY", TCP_NODELAY, level: Self.level) != 0 }
  }

  /// Calls `setsockopt(2)` with `TCP_NODELAY`.
  public func setNoDelay(_ noDelay: Bool) throws(IPCError) {
    try setOption("setsockopt TCP_NODELAY", TCP_NODELAY, noDelay ? 1 : 0, level: Self.level)
  }

  /// Whether the other side is asked for a sign of life when nothing has come for a while. Without one, reading fails
  /// with `Errno.timedOut`.
  ///
  /// Calls `getsockopt(2)` with `SO_KEEPALIVE`.
  public var isKeptAlive: Bool {
    get throws(IPCError) { try option("getsockopt SO_KEEPALIVE", SO_KEEPALIVE) != 0 }
  }

  /// Calls `setsockopt(2)` with `SO_KEEPALIVE`.
  public func setKeptAlive(_ keptAlive: Bool) throws(IPCError) {
    try setOption("setsockopt SO_KEEPALIVE", SO_KEEPALIVE, keptAlive ? 1 : 0)
  }

  /// How long nothing comes before the first time that is asked, in whole seconds.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPIDLE`.
  public var keepAliveIdleTime: Duration {
    get throws(IPCError) { .seconds(try option("getsockopt TCP_KEEPIDLE", TCP_KEEPIDLE, level: Self.level)) }
  }

  /// - Parameter time: Rounded up to whole seconds.
  /// - Throws: ``IPCError`` with `.invalidArgument` for less than a second, or more than 32767 of them.
  ///
  /// Calls `setsockopt(2)` with `TCP_KEEPIDLE`.
  public func setKeepAliveIdleTime(_ time: Duration) throws(IPCError) {
    try setOption("setsockopt TCP_KEEPIDLE", TCP_KEEPIDLE, time.wholeSeconds, level: Self.level)
  }

  /// How long after one question the next is asked, in whole seconds.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPINTVL`.
  public var keepAliveInterval: Duration {
    get throws(IPCError) { .seconds(try option("getsockopt TCP_KEEPINTVL", TCP_KEEPINTVL, level: Self.level)) }
  }

  /// Like ``setKeepAliveIdleTime(_:)``. Calls `setsockopt(2)` with `TCP_KEEPINTVL`.
  public func setKeepAliveInterval(_ time: Duration) throws(IPCError) {
    try setOption("setsockopt TCP_KEEPINTVL", TCP_KEEPINTVL, time.wholeSeconds, level: Self.level)
  }

  /// How many questions without an answer end the connection.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPCNT`.
  public var keepAliveProbes: Int {
    get throws(IPCError) { try option("getsockopt TCP_KEEPCNT", TCP_KEEPCNT, level: Self.level) }
  }

  /// - Throws: ``IPCError`` with `.invalidArgument` for none, or more than 127.
  ///
  /// Calls `setsockopt(2)` with `TCP_KEEPCNT`.
  public func setKeepAliveProbes(_ count: Int) throws(IPCError) {
    try setOption("setsockopt TCP_KEEPCNT", TCP_KEEPCNT, count, level: Self.level)
  }

  /// How long closing waits for the delivery of what was sent, in whole seconds; nil when it does not wait, and the
  /// kernel delivers it by itself. With `.zero`, closing breaks the connection off: ``reset()``.
  ///
  /// Calls `getsockopt(2)` with `SO_LINGER`.
  public var lingerTime: Duration? {
    get throws(IPCError) {
      var seconds: Int32 = -1
      try Kernel.call("getsockopt SO_LINGER", on: .descriptor(descriptor)) {
        unsafe cipc_socket_linger(descriptor.rawValue, &seconds)
      }
      return seconds == -1 ? nil : .seconds(seconds)
    }
  }

  /// - Parameter time: Rounded up to whole seconds.
  /// - Throws: ``IPCError`` with `.invalidArgument` for a negative one.
  ///
  /// Calls `setsockopt(2)` with `SO_LINGER`.
  public func setLingerTime(_ time: Duration?) throws(IPCError) {
    guard let seconds = Int32(exactly: time?.wholeSeconds ?? -1), time.map({ $0 >= .zero }) ?? true else {
      throw IPCError(call: "setsockopt SO_LINGER", errno: .invalidArgument, object: .descriptor(descriptor))
    }
    try Kernel.call("setsockopt SO_LINGER", on: .descriptor(descriptor)) {
      cipc_set_socket_linger(descriptor.rawValue, seconds)
    }
  }

  private static var level: Int32 { Int32(IPPROTO_TCP) }
}

extension Duration {
  /// Rounded up: of less than a second something is left.
  fileprivate var wholeSeconds: Int {
    let (seconds, attoseconds) = components
    return Int(attoseconds > 0 && seconds < .max ? seconds + 1 : seconds)
  }
}
