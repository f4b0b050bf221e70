internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Mutexes and condition variables between processes, by the memory that they lie in.
let sharedMutexOperations: [Peer.Operation] = [
  .init("pthread_mutex_init") { peer, parameters in
    _ = try SharedMutex(makingIn: try peer.placement(parameters), at: try parameters.integer("at", default: 0))
    return Fields()
  },
  .init("pthread_mutex_destroy") { peer, parameters in
    try peer.mutex(parameters).destroy()
    return Fields()
  },
  .init("pthread_mutex_lock") { peer, parameters in try lock(peer, parameters, .forever) },
  .init("pthread_mutex_trylock") { peer, parameters in try lock(peer, parameters, .none) },
  .init("pthread_mutex_clocklock") { peer, parameters in
    try lock(peer, parameters, .atMost(try parameters.duration("abs_timeout")))
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
    let memory = try peer.writableSegment(try parameters.text("memory"))
    let counter: Int = try parameters.integer("counter")
    let count = try parameters.count()
    for _ in 0..<count {
      guard try mutex.lock() == .locked else { throw Failure(Errno(rawValue: EOWNERDEAD)) }
      try memory.increment(at: counter)
      try mutex.unlock()
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("pthread_cond_init") { peer, parameters in
    _ = try SharedCondition(makingIn: try peer.placement(parameters), at: try parameters.integer("at", default: 0))
    return Fields()
  },
  .init("pthread_cond_destroy") { peer, parameters in
    try peer.condition(parameters).destroy()
    return Fields()
  },
  .init("pthread_cond_wait") { peer, parameters in try wait(peer, parameters, until: nil) },
  .init("pthread_cond_timedwait") { peer, parameters in
    try wait(peer, parameters, until: .after(try parameters.duration("abs_timeout")))
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
    fields.append("pthread_cond_t", SharedCondition.size)
    fields.append("sem_t", POSIXSemaphore.size)
    return fields
  },
]

private func lock(_ peer: Peer, _ parameters: Parameters, _ patience: Patience) throws -> Fields {
  switch try peer.mutex(parameters).lock(patience: patience) {
  case .locked: return Fields()
  case .ownerDied: throw Failure(Errno(rawValue: EOWNERDEAD))
  case .wouldBlock: throw Failure(.resourceBusy)
  case .timedOut: throw Failure(.timedOut)
  }
}

private func wait(_ peer: Peer, _ parameters: Parameters, until deadline: Deadline?) throws -> Fields {
  let mutex = try SharedMutex(in: try peer.placement(parameters), at: try parameters.integer("mutex", default: 0))
  switch try peer.condition(parameters).wait(unlocking: mutex, until: deadline) {
  case .woken: return Fields()
  case .ownerDied: throw Failure(Errno(rawValue: EOWNERDEAD))
  case .timedOut: throw Failure(.timedOut)
  }
}

extension Peer {
  /// A mutex that is locked is on its thread's list by its address: the region stays as long as its segment is attached.
  fileprivate func placement(_ parameters: Parameters) throws -> SharedRegion {
    try writableSegment(try parameters.text("memory")).placement()
  }

  fileprivate func mutex(_ parameters: Parameters) throws -> SharedMutex {
    try SharedMutex(in: try placement(parameters), at: try parameters.integer("at", default: 0))
  }

  fileprivate func condition(_ parameters: Parameters) throws -> SharedCondition {
    try SharedCondition(in: try placement(parameters), at: try parameters.integer("at", default: 0))
  }
}
