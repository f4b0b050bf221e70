internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Waiting for many: `poll(2)` and `epoll(7)`.
let waitingOperations: [Peer.Operation] = [
  .init("poll") { peer, parameters in
    var poll = Poll()
    for (descriptor, events) in try peer.polled(parameters) { poll.add(descriptor, for: events, token: 0) }
    let count = try poll.wait(
      patience: try parameters.waitingPatience(), interruption: try parameters.interruption())
    var fields = Fields()
    fields.append("return", count)
    fields.append(
      "revents", poll.map { pollEvents.describe(Int32($0.readiness.rawValue)) }.joined(separator: ","))
    return fields
  },

  .init("epoll_create1") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try EventPoll(), as: parameters.handle)
  },

  .init("epoll_ctl") { peer, parameters in
    let operation = try parameters.text("op")
    let target = try peer.descriptor(try parameters.text("target"))
    let flags = try parameters.flags("events", of: epollEvents, default: 0)
    let events = Readiness(rawValue: Int16(truncatingIfNeeded: flags & ~(edgeTriggered | oneShot)))
    let trigger: EventPoll.Trigger = flags & edgeTriggered != 0 ? .edge : .level
    let once = flags & oneShot != 0
    let data: UInt64 = try parameters.integer("data", default: 0)
    try peer.eventPoll(parameters) { poll in
      switch operation {
      case "EPOLL_CTL_ADD": try poll.add(target, for: events, token: data, trigger: trigger, once: once)
      case "EPOLL_CTL_MOD": try poll.change(target, to: events, token: data, trigger: trigger, once: once)
      case "EPOLL_CTL_DEL": try poll.remove(target)
      default: throw Invalid("op=\(operation): there is no such operation")
      }
    }
    return Fields()
  },

  .init("epoll_wait") { peer, parameters in
    let limit: Int32 = try parameters.integer("maxevents", default: 64)
    guard limit <= most else { throw Invalid("maxevents=\(limit): at most \(most)") }
    let patience = try parameters.waitingPatience()
    let interruption = try parameters.interruption()
    return try peer.eventPoll(parameters) { poll in
      var ready: [ReadinessEvent] = []
      var fields = Fields()
      fields.append(
        "return",
        try poll.wait(
          appendingTo: &ready, atMost: Int(limit), patience: patience, interruption: interruption))
      if ready.isEmpty { return fields }
      // The order in which the kernel tells of them is nowhere promised.
      ready.sort { $0.token < $1.token }
      fields.append("data", ready.map { "\($0.token)" }.joined(separator: ","))
      fields.append(
        "events", ready.map { epollEvents.describe(Int32($0.readiness.rawValue)) }.joined(separator: ","))
      return fields
    }
  },

  .init("poll_many") { peer, parameters in
    try peer.waitForMany(parameters) { descriptors, patience in
      var poll = Poll()
      for (index, descriptor) in descriptors.enumerated() {
        poll.add(descriptor, for: .readable, token: UInt64(index))
      }
      let count = try poll.wait(patience: patience, interruption: .report)
      return (count, poll.first { !$0.readiness.isEmpty }?.token)
    }
  },

  .init("epoll_many") { peer, parameters in
    try peer.waitForMany(parameters) { descriptors, patience in
      let poll = try EventPoll()
      for (index, descriptor) in descriptors.enumerated() {
        try poll.add(descriptor, for: .readable, token: UInt64(index))
      }
      var ready: [ReadinessEvent] = []
      let count = try poll.wait(
        appendingTo: &ready, atMost: descriptors.count, patience: patience, interruption: .report)
      return (count, ready.first?.token)
    }
  },
]

extension Peer {
  /// A descriptor by its handle.
  func descriptor(_ name: String) throws -> FileDescriptor {
    try handles.find(name, as: (any DescriptorHandle).self, "descriptor").descriptor
  }

  fileprivate func eventPoll<Value>(
    _ parameters: Parameters, _ body: (borrowing EventPoll) throws -> Value
  ) throws -> Value {
    try use(EventPoll.self, "epoll instance", parameters, body)
  }

  /// One descriptor by its handle or, for what is none, its number; or several handles, each with events of its own, or with
  /// the same.
  fileprivate func polled(_ parameters: Parameters) throws -> [(FileDescriptor, Readiness)] {
    let descriptors =
      if parameters.has("fd") {
        [FileDescriptor(rawValue: try parameters.integer("fd"))]
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

  /// Has many waited for at once: duplicates of one that is idle, and at one place of them that of the handle.
  fileprivate func waitForMany(
    _ parameters: Parameters, _ wait: ([FileDescriptor], Patience) throws -> (count: Int, at: UInt64?)
  ) throws -> Fields {
    let awaited = try descriptor(parameters.handle)
    let idle = try descriptor(try parameters.text("idle"))
    let (count, place): (Int, Int) = (try parameters.integer("count"), try parameters.integer("at"))
    guard 1...most ~= count, 0..<count ~= place else { throw Invalid("'at' is not below 'count', of at most \(most)") }
    let patience = try parameters.waitingPatience()
    var duplicates: [FileDescriptor] = []
    defer { for duplicate in duplicates { _ = Glibc.close(duplicate.rawValue) } }
    for _ in 0..<count {
      let number = fcntl(idle.rawValue, F_DUPFD_CLOEXEC, 0)
      guard number != -1 else { throw Failure(Errno(rawValue: errno), in: "fcntl") }
      duplicates.append(FileDescriptor(rawValue: number))
    }
    var all = duplicates
    all[place] = awaited
    let result = try wait(all, patience)
    var fields = Fields()
    fields.append("return", result.count)
    if let at = result.at { fields.append("at", at) }
    return fields
  }
}

extension Parameters {
  /// `timeout`, which must be there; negative for ever.
  fileprivate func waitingPatience() throws -> Patience {
    let timeout = try duration("timeout")
    return timeout < .zero ? .forever : .atMost(timeout)
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
