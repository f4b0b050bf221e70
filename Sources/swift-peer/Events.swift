internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Descriptors that are there to be waited for: `eventfd(2)`, `timerfd_create(2)`, `pidfd_open(2)`.
let eventOperations: [Peer.Operation] = [
  .init("eventfd") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("flags", of: eventFlags, default: 0)
    let counter = try EventCounter(
      flags & semaphoreFlag != 0 ? .semaphore : .counter, value: try parameters.integer("initval", default: 0),
      nonBlocking: flags & O_NONBLOCK != 0)
    return try peer.hold(counter, as: parameters.handle)
  },

  .init("eventfd_read") { peer, parameters in
    let interruption = try parameters.interruption()
    return try peer.use(EventCounter.self, "event counter", parameters) { counter in
      switch try counter.take(patience: try counter.patience(parameters), interruption: interruption) {
      case .took(let value):
        var fields = Fields()
        fields.append("value", value)
        return fields
      case .wouldBlock: throw Failure(.wouldBlock)
      case .timedOut: throw Failure(.timedOut)
      }
    }
  },

  .init("eventfd_write") { peer, parameters in
    let value: UInt64 = try parameters.integer("value")
    let interruption = try parameters.interruption()
    return try peer.use(EventCounter.self, "event counter", parameters) { counter in
      switch try counter.add(value, patience: try counter.patience(parameters), interruption: interruption) {
      case .added: return Fields()
      case .wouldBlock: throw Failure(.wouldBlock)
      case .timedOut: throw Failure(.timedOut)
      }
    }
  },

  .init("timerfd_create") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try TimerDescriptor(), as: parameters.handle)
  },

  .init("timerfd_settime") { peer, parameters in
    let value = try parameters.duration("value")
    let interval = parameters.has("interval") ? try parameters.duration("interval") : .zero
    return try peer.use(TimerDescriptor.self, "timer", parameters) { timer in
      if value == .zero {
        try timer.disarm()
      } else {
        try timer.set(after: value, every: interval == .zero ? nil : interval)
      }
      return Fields()
    }
  },

  .init("timerfd_gettime") { peer, parameters in
    try peer.use(TimerDescriptor.self, "timer", parameters) { timer in
      let status = try timer.status
      var fields = Fields()
      fields.append("armed", status == nil ? "no" : "yes")
      fields.append("interval", decimal(status?.interval ?? .zero))
      return fields
    }
  },

  .init("timerfd_read") { peer, parameters in
    let patience: Patience = parameters.has("timeout") ? try parameters.patience() : .none
    return try peer.use(TimerDescriptor.self, "timer", parameters) { timer in
      switch try timer.read(patience: patience, interruption: .report) {
      case .expired(let count):
        var fields = Fields()
        fields.append("expirations", count)
        return fields
      case .wouldBlock: throw Failure(.wouldBlock)
      case .timedOut: throw Failure(.timedOut)
      }
    }
  },

  .init("pidfd_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try ProcessDescriptor(of: try parameters.process()), as: parameters.handle)
  },

  .init("pidfd_send_signal") { peer, parameters in
    let signal = try parameters.known()
    return try peer.process(parameters) { process in
      try process.send(signal)
      return Fields()
    }
  },

  .init("pidfd_getpid") { peer, parameters in
    try peer.process(parameters) { process in
      guard let number = try process.process else { throw Failure(.noSuchProcess) }
      var fields = Fields()
      fields.append("pid", number)
      return fields
    }
  },

  .init("posix_spawn") { _, parameters in
    let status: UInt8 = try parameters.integer("status")
    let child = try Child("sh", arguments: ["-c", "exit \(status)"])
    var fields = Fields()
    fields.append("pid", child.process)
    return fields
  },

  .init("waitid") { peer, parameters in
    try peer.process(parameters) { process in
      let number = try process.process
      var fields = Fields()
      switch try process.reap() {
      case nil: fields.append("si_pid", 0)
      case .exited(let status):
        fields.append("si_pid", number ?? -1)
        fields.append("si_code", "CLD_EXITED")
        fields.append("si_status", status)
      case .killed(let signal):
        fields.append("si_pid", number ?? -1)
        fields.append("si_code", "CLD_KILLED")
        fields.append("si_status", signal)
      }
      return fields
    }
  },
]

/// The handle of a descriptor that was inherited or received, if it is of a counter or a process.
func adoptedEvent(_ descriptor: FileDescriptor) throws -> (any DescriptorHandle)? {
  do {
    return OwnerHandle(try EventCounter(adopting: descriptor))
  } catch let error where error.errno == .invalidArgument {}
  do {
    return OwnerHandle(try ProcessDescriptor(adopting: descriptor))
  } catch let error where error.errno == .badFileDescriptor {}
  return nil
}

extension Peer {
  fileprivate func process<Value>(
    _ parameters: Parameters, _ body: (borrowing ProcessDescriptor) throws -> Value
  ) throws -> Value {
    try use(ProcessDescriptor.self, "process", parameters, body)
  }
}

/// Seconds with nine digits behind the point.
private func decimal(_ duration: Duration) -> String {
  let (seconds, attoseconds) = duration.components
  let fraction = "\(attoseconds / 1_000_000_000)"
  return "\(seconds).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
}

private let semaphoreFlag: Int32 = 1
private let eventFlags = FlagTable(["EFD_SEMAPHORE": semaphoreFlag, "EFD_NONBLOCK": O_NONBLOCK])
