internal import IPC

/// A POSIX semaphore: one post and one wait.
let posixSemaphoreCosts = [
  Cost(name: "posix-sem", kind: .calls) { run in
    let semaphore = try POSIXSemaphore.create(in: try run.map(4096), at: 0, value: 0)
    for _ in 0..<run.count {
      try semaphore.post()
      try semaphore.wait()
    }
  }
]
