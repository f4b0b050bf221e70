internal import Glibc
internal import IPC
internal import PeerProtocol
internal import Synchronization
internal import SystemPackage

/// Notifications that the C library delivers in a thread, and timers.
let notificationOperations: [Peer.Operation] = [
  .init("notification_wait", "timeout") { _, parameters in
    try Notified.arrived().wait(timeout: try parameters.timeout(), retryOnInterrupt: false)
    let (value, isOther) = Notified.last.withLock(\.self)
    var fields = Fields()
    fields.append("value", value)
    fields.append("thread", isOther ? "other" : "same")
    return fields
  },

  .init("timer_create", "handle clockid sigev_notify sigev_signo sigev_value") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let clock = try parameters.timerClock()
    let value: Int32 = try parameters.integer("sigev_value", default: 0)
    let timer: TimerHandle
    switch try parameters.text("sigev_notify") {
    case "SIGEV_THREAD": timer = TimerHandle(try POSIXTimer(clock: clock, onThread: try notified(with: value)))
    case "SIGEV_SIGNAL":
      let signal = try parameters.known("sigev_signo")
      timer = TimerHandle(try POSIXTimer(clock: clock, signal: signal, value: value))
    case let other: throw Invalid("sigev_notify=\(other): SIGEV_SIGNAL or SIGEV_THREAD expected")
    }
    try peer.handles.add(timer, as: parameters.handle)
    return Fields()
  },

  .init("timer_settime", "handle value interval") { peer, parameters in
    let value = try parameters.duration("value")
    let interval = parameters.has("interval") ? try parameters.duration("interval") : .zero
    try peer.timer(parameters) { timer in
      guard value >= .zero, interval >= .zero else { throw Failure(.invalidArgument) }
      if value == .zero {
        try timer.disarm()
      } else {
        try timer.set(after: value, every: interval == .zero ? nil : interval)
      }
    }
    return Fields()
  },

  .init("timer_gettime", "handle") { peer, parameters in
    var fields = Fields()
    try peer.timer(parameters) { timer in
      let status = try timer.status
      fields.append("armed", status == nil ? "no" : "yes")
      fields.append("interval", decimal(status?.interval ?? .zero))
    }
    return fields
  },

  .init("timer_delete", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle, as: TimerHandle.self, "timer")
    return Fields()
  },
]

/// Returns a function that records a notification with the given value.
func notified(with value: Int32) throws -> @Sendable () -> Void {
  let arrived = try Notified.arrived()
  // A pthread_t is a number, so the closure can capture it.
  let main = pthread_self()
  return {
    Notified.last.withLock { $0 = (value, pthread_equal(pthread_self(), main) == 0) }
    try? arrived.post()
  }
}

/// The last notification, and the number of notifications that no request has consumed yet.
private enum Notified {
  static let last = Mutex<(value: Int32, isOther: Bool)>((0, false))
  private static let semaphore = Mutex<Semaphore?>(nil)

  static func arrived() throws -> Semaphore {
    try semaphore.withLock { semaphore in
      if let semaphore { return semaphore }
      let created = Semaphore(try POSIXSemaphore.create(in: try SharedRegion(size: 4096), at: 0, value: 0))
      semaphore = created
      return created
    }
  }

  final class Semaphore: Sendable {
    private let semaphore: POSIXSemaphore

    init(_ semaphore: consuming POSIXSemaphore) { self.semaphore = semaphore }

    func post() throws { try semaphore.post() }
    func wait(timeout: Timeout, retryOnInterrupt: Bool) throws {
      try semaphore.wait(timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    }
  }
}

private final class TimerHandle: Handle {
  private var timer: POSIXTimer?

  init(_ timer: consuming POSIXTimer) { self.timer = consume timer }

  func close() { timer = nil }

  func use(_ body: (borrowing POSIXTimer) throws -> Void) throws {
    switch timer {
    case let timer?: try body(timer)
    case nil: throw Invalid("the timer was deleted")
    }
  }
}

extension Peer {
  fileprivate func timer(_ parameters: Parameters, _ body: (borrowing POSIXTimer) throws -> Void) throws {
    try handles.find(parameters.handle, as: TimerHandle.self, "timer").use(body)
  }
}
