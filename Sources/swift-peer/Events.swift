internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Event and timer descriptors: `eventfd(2)`, `timerfd_create(2)`.
let eventOperations: [Peer.Operation] = [
  .init("eventfd", "handle initval flags") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("flags", of: eventFlags, default: 0)
    let counter = try EventFD(
      value: try parameters.integer("initval", default: 0), semaphore: flags & semaphoreFlag != 0,
      nonBlocking: flags & O_NONBLOCK != 0)
    return try peer.hold(counter, as: parameters.handle)
  },

  .init("eventfd_read", "handle timeout eintr") { peer, parameters in
    let retry = try parameters.retryOnInterrupt()
    return try peer.use(EventFD.self, "event counter", parameters) { counter in
      var fields = Fields()
      fields.append("value", try counter.read(timeout: try counter.timeout(parameters), retryOnInterrupt: retry))
      return fields
    }
  },

  .init("eventfd_write", "handle value eintr") { peer, parameters in
    let value: UInt64 = try parameters.integer("value")
    let retry = try parameters.retryOnInterrupt()
    return try peer.use(EventFD.self, "event counter", parameters) { counter in
      try counter.write(value, timeout: try counter.timeout(parameters), retryOnInterrupt: retry)
      return Fields()
    }
  },

  .init("timerfd_create", "handle clockid") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try TimerFD(clock: try parameters.timerClock()), as: parameters.handle)
  },

  .init("timerfd_settime", "handle value interval flags clockid tv_nsec") { peer, parameters in
    let value = try parameters.duration("value")
    let interval = parameters.has("interval") ? try parameters.duration("interval") : .zero
    let period = interval == .zero ? nil : interval
    let isAbsolute = try parameters.flags("flags", of: timerFlags, default: 0) != 0
    let end = try parameters.instant("value", of: try parameters.timerClock().identifier)
    guard isAbsolute || !parameters.has("tv_nsec") else { throw Invalid("tv_nsec is for TFD_TIMER_ABSTIME") }
    return try peer.use(TimerFD.self, "timer", parameters) { timer in
      guard isAbsolute || value >= .zero, interval >= .zero else { throw Failure(.invalidArgument) }
      if isAbsolute {
        try timer.set(atSeconds: end.seconds, nanoseconds: end.nanoseconds, every: period)
      } else if value == .zero {
        try timer.disarm()
      } else {
        try timer.set(after: value, every: period)
      }
      return Fields()
    }
  },

  .init("timerfd_gettime", "handle") { peer, parameters in
    try peer.use(TimerFD.self, "timer", parameters) { timer in
      let status = try timer.status
      var fields = Fields()
      fields.append("armed", status == nil ? "no" : "yes")
      fields.append("interval", decimal(status?.interval ?? .zero))
      return fields
    }
  },

  .init("timerfd_read", "handle timeout") { peer, parameters in
    let timeout: Timeout = parameters.has("timeout") ? try parameters.timeout() : .immediate
    return try peer.use(TimerFD.self, "timer", parameters) { timer in
      var fields = Fields()
      fields.append("expirations", try timer.read(timeout: timeout, retryOnInterrupt: false))
      return fields
    }
  },
]

/// Creates a handle for an inherited or received eventfd or pidfd; returns nil for other kinds of descriptors.
func adoptedEvent(_ descriptor: FileDescriptor, _: Int32) throws -> (any DescriptorHandle)? {
  do {
    return OwnerHandle(try EventFD(adopting: descriptor))
  } catch let error where error.errno == .invalidArgument {}
  do {
    return OwnerHandle(try PIDFD(adopting: descriptor))
  } catch let error where error.errno == .badFileDescriptor {}
  do {
    return OwnerHandle(try Inotify(adopting: descriptor))
  } catch let error where error.errno == .invalidArgument {}
  return nil
}

/// Formats a duration in seconds with nine decimal places.
func decimal(_ duration: Duration) -> String {
  let (seconds, attoseconds) = duration.components
  let fraction = "\(attoseconds / 1_000_000_000)"
  return "\(seconds).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
}

extension Parameters {
  /// Returns the clock for a timer; `CLOCK_MONOTONIC` by default.
  func timerClock() throws -> TimerFD.Clock {
    guard has("clockid") else { return .monotonic }
    switch try text("clockid") {
    case "CLOCK_MONOTONIC": return .monotonic
    case "CLOCK_BOOTTIME": return .bootTime
    case "CLOCK_REALTIME": return .timeOfDay
    case let other: throw Invalid("clockid=\(other): this clock does not exist here")
    }
  }
}

extension TimerFD.Clock {
  fileprivate var identifier: clockid_t {
    switch self {
    case .monotonic: CLOCK_MONOTONIC
    case .bootTime: CLOCK_BOOTTIME
    case .timeOfDay: CLOCK_REALTIME
    }
  }
}

private let timerFlags = FlagTable(["TFD_TIMER_ABSTIME": 1])
private let semaphoreFlag: Int32 = 1
private let eventFlags = FlagTable(["EFD_SEMAPHORE": semaphoreFlag, "EFD_NONBLOCK": O_NONBLOCK])
