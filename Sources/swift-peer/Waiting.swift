internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Waiting on many descriptors: `poll(2)` and `epoll(7)`.
let waitingOperations: [Peer.Operation] = [
  .init("poll", "handle handles fd events timeout tv_nsec sigmask eintr") { peer, parameters in
    var poll = PollSet()
    for (descriptor, events) in try peer.polled(parameters) { poll.add(descriptor, for: events, token: 0) }
    let timeout = parameters.has("tv_nsec") ? try parameters.deadline("timeout") : try parameters.waitTimeout()
    let retry = try parameters.retryOnInterrupt()
    let count =
      parameters.has("sigmask")
      ? try poll.wait(blocking: try parameters.signalSet("sigmask"), timeout: timeout, retryOnInterrupt: retry)
      : try poll.wait(timeout: timeout, retryOnInterrupt: retry)
    var fields = Fields()
    fields.append("return", count)
    fields.append(
      "revents", poll.map { pollEvents.describe(Int32($0.readiness.rawValue)) }.joined(separator: ","))
    return fields
  },

  .init("epoll_create1", "handle") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try Epoll(), as: parameters.handle)
  },

  .init("epoll_ctl", "handle op target events data") { peer, parameters in
    let operation = try parameters.text("op")
    let target = try peer.descriptor(try parameters.text("target"))
    let flags = try parameters.flags("events", of: epollEvents, default: 0)
    let events = Readiness(rawValue: Int16(truncatingIfNeeded: flags & ~(edgeTriggered | oneShot)))
    let trigger: Epoll.Trigger = flags & edgeTriggered != 0 ? .edge : .level
    let once = flags & oneShot != 0
    let data: UInt64 = try parameters.integer("data", default: 0)
    try peer.epoll(parameters) { poll in
      switch operation {
      case "EPOLL_CTL_ADD": try poll.add(target, for: events, token: data, trigger: trigger, once: once)
      case "EPOLL_CTL_MOD": try poll.change(target, to: events, token: data, trigger: trigger, once: once)
      case "EPOLL_CTL_DEL": try poll.remove(target)
      default: throw Invalid("op=\(operation): there is no such operation here")
      }
    }
    return Fields()
  },

  .init("epoll_wait", "handle maxevents timeout sigmask eintr") { peer, parameters in
    let limit: Int32 = try parameters.integer("maxevents", default: 64)
    guard limit <= most else { throw Invalid("maxevents=\(limit): at most \(most)") }
    let timeout = try parameters.waitTimeout()
    let retry = try parameters.retryOnInterrupt()
    let mask = parameters.has("sigmask") ? try parameters.signalSet("sigmask") : nil
    return try peer.epoll(parameters) { poll in
      var ready: [ReadinessEvent] = []
      var fields = Fields()
      let count =
        if let mask {
          try poll.wait(
            blocking: mask, appendingTo: &ready, maxEvents: Int(limit), timeout: timeout, retryOnInterrupt: retry)
        } else {
          try poll.wait(appendingTo: &ready, maxEvents: Int(limit), timeout: timeout, retryOnInterrupt: retry)
        }
      fields.append("return", count)
      if ready.isEmpty { return fields }
      // The kernel reports events in no particular order.
      ready.sort { $0.token < $1.token }
      fields.append("data", ready.map { "\($0.token)" }.joined(separator: ","))
      fields.append(
        "events", ready.map { epollEvents.describe(Int32($0.readiness.rawValue)) }.joined(separator: ","))
      return fields
    }
  },

  .init("poll_many", "handle idle count at timeout") { peer, parameters in
    try peer.waitForMany(parameters) { descriptors, timeout in
      var poll = PollSet()
      for (index, descriptor) in descriptors.enumerated() {
        poll.add(descriptor, for: .readable, token: UInt64(index))
      }
      let count = try poll.wait(timeout: timeout, retryOnInterrupt: false)
      return (count, poll.first { !$0.readiness.isEmpty }?.token)
    }
  },

  .init("epoll_many", "handle idle count at timeout") { peer, parameters in
    try peer.waitForMany(parameters) { descriptors, timeout in
      let poll = try Epoll()
      for (index, descriptor) in descriptors.enumerated() {
        try poll.add(descriptor, for: .readable, token: UInt64(index))
      }
      var ready: [ReadinessEvent] = []
      let count = try poll.wait(
        appendingTo: &ready, maxEvents: descriptors.count, timeout: timeout, retryOnInterrupt: false)
      return (count, ready.first?.token)
    }
  },
]

extension Peer {
  /// Returns a handle's descriptor.
  func descriptor(_ name: String) throws -> FileDescriptor {
    try handles.find(name, as: (any DescriptorHandle).self, "descriptor").descriptor
  }

  fileprivate func epoll<Value>(
    _ parameters: Parameters, _ body: (borrowing Epoll) throws -> Value
  ) throws -> Value {
    try use(Epoll.self, "epoll instance", parameters, body)
  }

  /// Parses the descriptors: a single one given by handle or number, or several given by their handles.
  ///
  /// The request specifies one set of events for all descriptors, or one for each.
  fileprivate func polled(_ parameters: Parameters) throws -> [(FileDescriptor, Readiness)] {
    let descriptors =
      if parameters.has("fd") {
        [try parameters.openOrClosedDescriptor()]
      } else if parameters.has("handles") {
        try parameters.text("handles").split(separator: ",").map { try descriptor(String($0)) }
      } else {
        [try descriptor(parameters.handle)]
      }
    guard descriptors.count <= most else { throw Invalid("at most \(most) handles") }
    var events = try parameters.text("events").split(separator: ",").map {
      Readiness(rawValue: Int16(try pollEvents.parse(String($0), parameter: "events")))
    }
    if let same = events.first, events.count == 1 { events = Array(repeating: same, count: descriptors.count) }
    guard events.count == descriptors.count else { throw Invalid("events are for all handles, or one for each") }
    return Array(zip(descriptors, events))
  }

  /// Waits on many descriptors at once: many duplicates of an idle descriptor, and the handle's descriptor.
  fileprivate func waitForMany(
    _ parameters: Parameters, _ wait: ([FileDescriptor], Timeout) throws -> (count: Int, at: UInt64?)
  ) throws -> Fields {
    let awaited = try descriptor(parameters.handle)
    let idle = try descriptor(try parameters.text("idle"))
    let (count, place): (Int, Int) = (try parameters.integer("count"), try parameters.integer("at"))
    guard 1...most ~= count, 0..<count ~= place else { throw Invalid("'at' is not below 'count', of at most \(most)") }
    let timeout = try parameters.waitTimeout()
    var duplicates: [FileDescriptor] = []
    defer { for duplicate in duplicates { _ = Glibc.close(duplicate.rawValue) } }
    for _ in 0..<count {
      let number = fcntl(idle.rawValue, F_DUPFD_CLOEXEC, 0)
      guard number != -1 else { throw Failure(Errno(rawValue: errno), in: "fcntl") }
      duplicates.append(FileDescriptor(rawValue: number))
    }
    var all = duplicates
    all[place] = awaited
    let result = try wait(all, timeout)
    var fields = Fields()
    fields.append("return", result.count)
    if let at = result.at { fields.append("at", at) }
    return fields
  }
}

extension Parameters {
  /// Parses a descriptor number, which need not be open; poll(2) ignores -1.
  fileprivate func openOrClosedDescriptor() throws -> FileDescriptor {
    let number: Int32 = try integer("fd")
    guard number >= -1 else { throw Invalid("fd=\(number): -1 or more expected") }
    return FileDescriptor(rawValue: number)
  }

  /// Parses the required parameter `timeout`; a negative value means to wait indefinitely.
  fileprivate func waitTimeout() throws -> Timeout {
    let timeout = try duration("timeout")
    return timeout < .zero ? .never : .after(timeout)
  }
}

private let most = 1024
private let edgeTriggered = Int32(bitPattern: 1 << 31)
private let oneShot: Int32 = 1 << 30
private let pollEvents = FlagTable([
  "POLLIN": Int32(Readiness.readable.rawValue), "POLLPRI": Int32(Readiness.priority.rawValue),
  "POLLOUT": Int32(Readiness.writable.rawValue), "POLLERR": Int32(Readiness.error.rawValue),
  "POLLHUP": Int32(Readiness.hangUp.rawValue), "POLLRDHUP": Int32(Readiness.peerHangUp.rawValue),
  "POLLNVAL": Int32(Readiness.notOpen.rawValue),
])
private let epollEvents = FlagTable([
  "EPOLLIN": Int32(Readiness.readable.rawValue), "EPOLLPRI": Int32(Readiness.priority.rawValue),
  "EPOLLOUT": Int32(Readiness.writable.rawValue), "EPOLLERR": Int32(Readiness.error.rawValue),
  "EPOLLHUP": Int32(Readiness.hangUp.rawValue), "EPOLLRDHUP": Int32(Readiness.peerHangUp.rawValue),
  "EPOLLET": edgeTriggered, "EPOLLONESHOT": oneShot,
])
