internal import IPC

/// A System V semaphore: one operation that adds 1, and one that subtracts 1.
let systemVSemaphoreCosts = [
  Cost(name: "sysv-sem", kind: .calls) { run in
    let semaphores = try SystemVSemaphores.create(.private, count: 1)
    defer { try? semaphores.remove() }
    for _ in 0..<run.count {
      try semaphores.perform(.release(0))
      try semaphores.perform(.acquire(0))
    }
  }
]
