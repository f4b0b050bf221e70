internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Mutexes and condition variables between processes, identified by their offset in memory.
let sharedMutexOperations: [Peer.Operation] = [
  .init("pthread_mutex_init") { peer, parameters in
    _ = try SharedMutex.create(in: try peer.region(parameters), at: try parameters.integer("at", default: 0))
    return Fields()
  },
  .init("pthread_mutex_destroy") { peer, parameters in
    try peer.mutex(parameters).destroy()
    return Fields()
  },
  .init("pthread_mutex_lock") { peer, parameters in try lock(peer, parameters, .never) },
  .init("pthread_mutex_trylock") { peer, parameters in try lock(peer, parameters, .immediate) },
  .init("pthread_mutex_clocklock") { peer, parameters in
    try lock(peer, parameters, try parameters.timeout("abs_timeout"))
  },
  .init("pthread_mutex_unlock") { peer, parameters in
    try peer.mutex(parameters).unlock()
    return Fields()
  },
  .init("pthread_mutex_consistent") { peer, parameters in
    try peer.mutex(parameters).makeConsistent()
    return Fields()
  },

  .init("lock_and_count") { peer, parameters in
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

  .init("pthread_cond_init") { peer, parameters in
    _ = try ConditionVariable.create(in: try peer.region(parameters), at: try parameters.integer("at", default: 0))
    return Fields()
  },
  .init("pthread_cond_destroy") { peer, parameters in
    try peer.condition(parameters).destroy()
    return Fields()
  },
  .init("pthread_cond_wait") { peer, parameters in try wait(peer, parameters, .never) },
  .init("pthread_cond_timedwait") { peer, parameters in
    try wait(peer, parameters, try parameters.timeout("abs_timeout"))
  },
  .init("pthread_cond_signal") { peer, parameters in
    try peer.condition(parameters).signal()
    return Fields()
  },
  .init("pthread_cond_broadcast") { peer, parameters in
    try peer.condition(parameters).broadcast()
    return Fields()
  },

  .init("shared_layout") { _, _ in
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

/// Converts the outcome to the response of the C peer: there, a call that fails with EOWNERDEAD has also locked the
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
    try ConditionVariable.open(in: try region(parameters), at: try parameters.integer("at", default: 0))
  }
}
