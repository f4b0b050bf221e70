internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads a message from System V shared memory, protected by a semaphore, and removes both.
struct SHMReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shm_reader",
    abstract: "Reads a message from System V shared memory, protected by a semaphore, and removes both.")

  @Option(help: "The segment key.")
  var shmKey = Key(1234)

  @Option(help: "The semaphore set's key.")
  var semKey = Key(5678)

  @Option(help: "The number of seconds to wait for a message.")
  var timeout: Seconds?

  func run() throws {
    let timeout = Timeout(timeout)

    let segment = try createdByWriter { () throws(IPCError) in try SystemVSharedMemory.open(shmKey.key) }
    let memory = try segment.attachReadOnly()
    say("SHM Reader: segment of \(memory.size) bytes attached.")
    let semaphore = try createdByWriter { () throws(IPCError) in
      try SystemVSemaphores.open(semKey.key, minimumCount: 1)
    }

    // A new segment contains only zeros. If this process acquires the semaphore before the writer does, it finds no
    // message, releases the semaphore, and tries again.
    try semaphore.perform(.acquire(0, undo: true), timeout: timeout)
    while try memory.copyBytes(count: 1) == [0] {
      try semaphore.perform(.release(0, undo: true))
      try waitForWriter(semaphore, timeout)
      try semaphore.perform(.acquire(0, undo: true), timeout: timeout)
    }
    say("SHM Reader: semaphore acquired.")

    // Without a NUL, the message extends to the end of the segment.
    let bytes = try memory.copyBytes(count: memory.size)
    say("SHM Reader: read '\(visible(Array(bytes.prefix { $0 != 0 })))'.")

    // If this process dies before this call, the kernel releases the semaphore.
    try semaphore.perform(.release(0, undo: true))
    say("SHM Reader: semaphore released.")

    try memory.detach()
    say("SHM Reader: segment detached.")

    try segment.remove()
    try semaphore.remove()
    say("SHM Reader: removed the segment and the semaphore set.")
  }

  /// Waits until a writer acquires the semaphore.
  ///
  /// The wait is at most 10 ms, because a writer may already have finished.
  private func waitForWriter(_ semaphore: SystemVSemaphores, _ timeout: Timeout) throws(IPCError) {
    do throws(IPCError) {
      try semaphore.perform(.waitForZero(0), timeout: .after(.milliseconds(10)))
    } catch  where error.errno == .timedOut {
      if timeout.hasPassed { throw error }
    }
  }

  /// Opens an object that the writer has created.
  private func createdByWriter<Object>(_ open: () throws(IPCError) -> Object) throws -> Object {
    do throws(IPCError) {
      return try open()
    } catch {
      report("shm_reader", error, "start shm_writer first")
      throw ExitCode.failure
    }
  }
}
