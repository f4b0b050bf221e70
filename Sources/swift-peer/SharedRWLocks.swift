internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Process-shared read-write locks and barriers, identified by their offsets in memory.
let sharedRWLockOperations: [Peer.Operation] = [
  .init("pthread_rwlock_init", "memory at") { peer, parameters in
    _ = try SharedRWLock.create(in: try peer.region(parameters), at: try parameters.place())
    return Fields()
  },
  .init("pthread_rwlock_destroy", "memory at") { peer, parameters in
    try peer.rwLock(parameters).destroy()
    return Fields()
  },
  .init("pthread_rwlock_rdlock", "memory at") { peer, parameters in try lock(peer, parameters, .shared, .never) },
  .init("pthread_rwlock_wrlock", "memory at") { peer, parameters in try lock(peer, parameters, .exclusive, .never) },
  .init("pthread_rwlock_tryrdlock", "memory at") { peer, parameters in try lock(peer, parameters, .shared, .immediate)
  },
  .init("pthread_rwlock_trywrlock", "memory at") { peer, parameters in
    try lock(peer, parameters, .exclusive, .immediate)
  },
  // The library measures timeouts with CLOCK_MONOTONIC.
  .init("pthread_rwlock_timedrdlock", "memory at abs_timeout tv_nsec") { peer, parameters in
    try lock(peer, parameters, .shared, try parameters.deadline())
  },
  .init("pthread_rwlock_timedwrlock", "memory at abs_timeout tv_nsec") { peer, parameters in
    try lock(peer, parameters, .exclusive, try parameters.deadline())
  },
  .init("pthread_rwlock_clockrdlock", "memory at abs_timeout") { peer, parameters in
    try lock(peer, parameters, .shared, try parameters.timeout("abs_timeout"))
  },
  .init("pthread_rwlock_clockwrlock", "memory at abs_timeout") { peer, parameters in
    try lock(peer, parameters, .exclusive, try parameters.timeout("abs_timeout"))
  },
  .init("pthread_rwlock_unlock", "memory at") { peer, parameters in
    try peer.rwLock(parameters).unlock()
    return Fields()
  },

  .init("rwlock_and_count", "memory at counter count") { peer, parameters in
    let lock = try peer.rwLock(parameters)
    let memory = try peer.region(parameters)
    let counter: Int = try parameters.integer("counter")
    let count = try parameters.count()
    var torn = 0
    for _ in 0..<count {
      try lock.withLock(.exclusive) {
        try memory.increment(at: counter)
        try memory.increment(at: counter + 8)
      }
      let isTorn = try lock.withLock(.shared) {
        try memory.load(as: UInt64.self, at: counter) != memory.load(as: UInt64.self, at: counter + 8)
      }
      if isTorn { torn += 1 }
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("torn", torn)
    return fields
  },

  .init("pthread_barrier_init", "memory at count") { peer, parameters in
    _ = try SharedBarrier.create(
      in: try peer.region(parameters), at: try parameters.place(), count: try parameters.integer("count"))
    return Fields()
  },
  .init("pthread_barrier_destroy", "memory at") { peer, parameters in
    try peer.barrier(parameters).destroy()
    return Fields()
  },
  .init("pthread_barrier_wait", "memory at") { peer, parameters in
    var fields = Fields()
    fields.append("serial", try peer.barrier(parameters).wait() ? "yes" : "no")
    return fields
  },

  .init("barrier_rounds", "memory at counter count") { peer, parameters in
    let barrier = try peer.barrier(parameters)
    let memory = try peer.region(parameters)
    let counter: Int = try parameters.integer("counter")
    let count = try parameters.count()
    var wrong = 0
    for round in 0..<count {
      if try barrier.wait() { try memory.increment(at: counter) }
      _ = try barrier.wait()
      if try memory.load(as: UInt64.self, at: counter) != UInt64(round + 1) { wrong += 1 }
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("wrong", wrong)
    return fields
  },

  .init("rwlock_layout", "") { _, _ in
    var fields = Fields()
    fields.append("pthread_rwlock_t", SharedRWLock.size)
    fields.append("pthread_barrier_t", SharedBarrier.size)
    return fields
  },
]

private func lock(_ peer: Peer, _ parameters: Parameters, _ mode: LockMode, _ timeout: Timeout) throws -> Fields {
  try peer.rwLock(parameters).lock(mode, timeout: timeout)
  return Fields()
}

extension Peer {
  fileprivate func rwLock(_ parameters: Parameters) throws -> SharedRWLock {
    try SharedRWLock.open(in: try region(parameters), at: try parameters.place())
  }

  fileprivate func barrier(_ parameters: Parameters) throws -> SharedBarrier {
    try SharedBarrier.open(in: try region(parameters), at: try parameters.place())
  }
}

extension Parameters {
  fileprivate func place() throws -> Int { try integer("at", default: 0) }
}
