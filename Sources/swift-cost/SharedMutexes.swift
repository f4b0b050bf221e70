internal import IPC

/// A process-shared mutex: one lock and one unlock.
let sharedMutexCosts = [
  Cost(name: "shared-mutex", kind: .calls) { run in
    let mutex = try SharedMutex.create(in: try run.map(4096), at: 0)
    for _ in 0..<run.count {
      if try mutex.lock() == .ownerDied { try mutex.makeConsistent() }
      try mutex.unlock()
    }
  }
]
