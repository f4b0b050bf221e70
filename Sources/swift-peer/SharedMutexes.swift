internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Process-shared mutexes and condition variables, identified by their offsets in memory.
let sharedMutexOperations: [Peer.Operation] = [
  .init("pthread_mutex_init", "memory at type robust protocol") { peer, parameters in
    _ = try SharedMutex.create(
      in: try peer.region(parameters), at: try parameters.integer("at", default: 0),
      kind: try parameters.symbol("type", mutexKinds) ?? .errorChecking,
      isRobust: try parameters.symbol("robust", robustness) ?? true,
      inheritsPriority: try parameters.symbol("protocol", protocols) ?? false)
    return Fields()
  },
  .init("pthread_mutex_destroy", "memory at") { peer, parameters in
    try peer.mutex(parameters).destroy()
    return Fields()
  },
  .init("pthread_mutex_lock", "memory at") { peer, parameters in try lock(peer, parameters, .never) },
  .init("pthread_mutex_trylock", "memory at") { peer, parameters in try lock(peer, parameters, .immediate) },
  .init("pthread_mutex_clocklock", "memory at abs_timeout") { peer, parameters in
    try lock(peer, parameters, try parameters.timeout("abs_timeout"))
  },
  // The library measures timeouts with CLOCK_MONOTONIC.
  .init("pthread_mutex_timedlock", "memory at abs_timeout tv_nsec") { peer, parameters in
    try lock(peer, parameters, try parameters.deadline())
  },
  .init("pthread_mutex_unlock", "memory at") { peer, parameters in
    try peer.mutex(parameters).unlock()
    return Fields()
  },
  .init("pthread_mutex_consistent", "memory at") { peer, parameters in
    try peer.mutex(parameters).makeConsistent()
    return Fields()
  },

  .init("lock_and_count", "memory at counter count") { peer, parameters in
    let mutex = try peer.mutex(parameters)
    let memory = try peer.region(parameters)
    let counter: Int = try parameters.integer("counter")
    let count = try parameters.count()
    for _ in 0..<count {
      guard try mutex.lock() == .acquired else { throw Failure(.ownerDied) }
      try memory.increment(at: counter)
      try mutex.unlock()
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("pthread_cond_init", "memory at clock") { peer, parameters in
    let memory = try peer.region(parameters)
    // The library does not support CLOCK_PROCESS_CPUTIME_ID.
    guard parameters.clock != "CLOCK_PROCESS_CPUTIME_ID" else {
      throw Failure(.invalidArgument, in: "pthread_condattr_setclock")
    }
    _ = try ConditionVariable.create(
      in: memory, at: try parameters.integer("at", default: 0), clock: try parameters.conditionClock())
    return Fields()
  },
  .init("pthread_cond_destroy", "memory at") { peer, parameters in
    try peer.condition(parameters).destroy()
    return Fields()
  },
  .init("pthread_cond_wait", "memory at mutex") { peer, parameters in try wait(peer, parameters, .never) },
  .init("pthread_cond_timedwait", "memory at mutex abs_timeout clock") { peer, parameters in
    try wait(peer, parameters, try parameters.timeout("abs_timeout"))
  },
  .init("pthread_cond_signal", "memory at") { peer, parameters in
    try peer.condition(parameters).signal()
    return Fields()
  },
  .init("pthread_cond_broadcast", "memory at") { peer, parameters in
    try peer.condition(parameters).broadcast()
    return Fields()
  },

  .init("shared_layout", "") { _, _ in
    var fields = Fields()
    fields.append("pthread_mutex_t", SharedMutex.size)
    fields.append("pthread_cond_t", ConditionVariable.size)
    fields.append("sem_t", POSIXSemaphore.size)
    return fields
  },
]

private func lock(_ peer: Peer, _ parameters: Parameters, _ timeout: Timeout) throws -> Fields {
  try response(to: try peer.mutex(parameters).lock(timeout: timeout))
}

private func wait(_ peer: Peer, _ parameters: Parameters, _ timeout: Timeout) throws -> Fields {
  let mutex = try SharedMutex.open(in: try peer.region(parameters), at: try parameters.integer("mutex", default: 0))
  return try response(to: try peer.condition(parameters).wait(unlocking: mutex, timeout: timeout))
}

/// Converts an outcome to the C peer's response: in C, a call that returns EOWNERDEAD has nevertheless locked the
/// mutex.
private func response(to outcome: SharedMutex.LockOutcome) throws -> Fields {
  guard outcome == .acquired else { throw Failure(.ownerDied) }
  return Fields()
}

extension Peer {
  fileprivate func mutex(_ parameters: Parameters) throws -> SharedMutex {
    try SharedMutex.open(in: try region(parameters), at: try parameters.integer("at", default: 0))
  }

  fileprivate func condition(_ parameters: Parameters) throws -> ConditionVariable {
    try ConditionVariable.open(
      in: try region(parameters), at: try parameters.integer("at", default: 0),
      clock: try parameters.conditionClock())
  }
}

private let mutexKinds: [String: SharedMutex.Kind] = [
  "PTHREAD_MUTEX_NORMAL": .normal, "PTHREAD_MUTEX_RECURSIVE": .recursive, "PTHREAD_MUTEX_ERRORCHECK": .errorChecking,
]
private let robustness = ["PTHREAD_MUTEX_ROBUST": true, "PTHREAD_MUTEX_STALLED": false]
private let protocols = ["PTHREAD_PRIO_NONE": false, "PTHREAD_PRIO_INHERIT": true]
private let clocks: [String: ConditionVariable.Clock] = ["CLOCK_MONOTONIC": .monotonic, "CLOCK_REALTIME": .timeOfDay]

extension Parameters {
  /// Returns the value of a symbolic name, or nil if the request does not have the parameter.
  fileprivate func symbol<Value>(_ key: String, _ values: [String: Value]) throws -> Value? {
    guard has(key) else { return nil }
    guard let value = values[try text(key)] else { throw Invalid("\(key): this symbol does not exist here") }
    return value
  }

  fileprivate var clock: String? { try? text("clock") }

  fileprivate func conditionClock() throws -> ConditionVariable.Clock { try symbol("clock", clocks) ?? .monotonic }
}
