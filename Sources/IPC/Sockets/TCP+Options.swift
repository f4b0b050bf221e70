internal import CIPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension TCP.Stream {
  /// Whether the kernel sends small writes immediately, instead of delaying them until earlier data is acknowledged.
  ///
  /// Calls `getsockopt(2)` with `TCP_NODELAY`.
  public var noDelay: Bool {
    get throws(IPCError) { try option(.getsockoptTCPNoDelay, TCP_NODELAY, level: Self.level) != 0 }
  }

  /// Sets ``noDelay``.
  ///
  /// Calls `setsockopt(2)` with `TCP_NODELAY`.
  public func setNoDelay(_ noDelay: Bool) throws(IPCError) {
    try setOption(.setsockoptTCPNoDelay, TCP_NODELAY, noDelay ? 1 : 0, level: Self.level)
  }

  /// Whether the kernel probes an idle connection.
  ///
  /// If the peer does not respond, read calls throw `.timedOut`.
  ///
  /// Calls `getsockopt(2)` with `SO_KEEPALIVE`.
  public var keepAlive: Bool {
    get throws(IPCError) { try option(.getsockoptKeepAlive, SO_KEEPALIVE) != 0 }
  }

  /// Sets ``keepAlive``.
  ///
  /// Calls `setsockopt(2)` with `SO_KEEPALIVE`.
  public func setKeepAlive(_ keepAlive: Bool) throws(IPCError) {
    try setOption(.setsockoptKeepAlive, SO_KEEPALIVE, keepAlive ? 1 : 0)
  }

  /// How long a connection is idle before the first keep-alive probe, in whole seconds.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPIDLE`.
  public var keepAliveIdleTime: Duration {
    get throws(IPCError) { .seconds(try option(.getsockoptTCPKeepIdle, TCP_KEEPIDLE, level: Self.level)) }
  }

  /// Sets ``keepAliveIdleTime``, rounded up to whole seconds.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the time is less than 1 or more than 32767 seconds.
  ///
  /// Calls `setsockopt(2)` with `TCP_KEEPIDLE`.
  public func setKeepAliveIdleTime(_ time: Duration) throws(IPCError) {
    try setOption(.setsockoptTCPKeepIdle, TCP_KEEPIDLE, time.wholeSeconds, level: Self.level)
  }

  /// The time between keep-alive probes, in whole seconds.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPINTVL`.
  public var keepAliveInterval: Duration {
    get throws(IPCError) { .seconds(try option(.getsockoptTCPKeepInterval, TCP_KEEPINTVL, level: Self.level)) }
  }

  /// Sets ``keepAliveInterval``, like ``setKeepAliveIdleTime(_:)``.
  ///
  /// Calls `setsockopt(2)` with `TCP_KEEPINTVL`.
  public func setKeepAliveInterval(_ time: Duration) throws(IPCError) {
    try setOption(.setsockoptTCPKeepInterval, TCP_KEEPINTVL, time.wholeSeconds, level: Self.level)
  }

  /// The number of unanswered keep-alive probes after which the kernel ends the connection.
  ///
  /// Calls `getsockopt(2)` with `TCP_KEEPCNT`.
  public var keepAliveProbes: Int {
    get throws(IPCError) { try option(.getsockoptTCPKeepCount, TCP_KEEPCNT, level: Self.level) }
  }

  /// Sets ``keepAliveProbes``.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if `count` is less than 1 or more than 127.
  ///
  /// Calls `setsockopt(2)` with `TCP_KEEPCNT`.
  public func setKeepAliveProbes(_ count: Int) throws(IPCError) {
    try setOption(.setsockoptTCPKeepCount, TCP_KEEPCNT, count, level: Self.level)
  }

  /// How long closing waits for sent bytes to be delivered, in whole seconds; nil if the kernel delivers them in the
  /// background.
  ///
  /// With `.zero`, closing resets the connection, like ``reset()``.
  ///
  /// Calls `getsockopt(2)` with `SO_LINGER`.
  public var lingerTime: Duration? {
    get throws(IPCError) {
      var seconds: Int32 = -1
      try Syscall.call(.getsockoptLinger, on: .descriptor(descriptor)) {
        unsafe cipc_socket_linger(descriptor.rawValue, &seconds)
      }
      return seconds == -1 ? nil : .seconds(seconds)
    }
  }

  /// Sets ``lingerTime``, rounded up to whole seconds.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` if the time is negative.
  ///
  /// Calls `setsockopt(2)` with `SO_LINGER`.
  public func setLingerTime(_ time: Duration?) throws(IPCError) {
    guard let seconds = Int32(exactly: time?.wholeSeconds ?? -1), time.map({ $0 >= .zero }) ?? true else {
      throw IPCError(.setsockoptLinger, .invalidArgument, on: .descriptor(descriptor))
    }
    try Syscall.call(.setsockoptLinger, on: .descriptor(descriptor)) {
      cipc_set_socket_linger(descriptor.rawValue, seconds)
    }
  }

  private static var level: Int32 { Int32(IPPROTO_TCP) }
}

extension Duration {
  /// The time in whole seconds, rounded up so that a short time does not become 0.
  fileprivate var wholeSeconds: Int {
    let (seconds, attoseconds) = components
    return Int(attoseconds > 0 && seconds < .max ? seconds + 1 : seconds)
  }
}
