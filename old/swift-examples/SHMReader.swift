internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads a message from System V shared memory, under a semaphore, and removes both.
struct SHMReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shm_reader",
    abstract: "Reads a message from System V shared memory, under a semaphore, and removes both.")

  @Option(help: "The key of the segment.")
  var shmKey = Key(1234)

  @Option(help: "The key of the semaphore set.")
  var semKey = Key(5678)

  @Option(help: "How many seconds to wait for a message.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    let segment = try writersFirst { () throws(IPCError) in try SystemVSharedMemory.open(shmKey.key) }
    let memory = try segment.attachReadOnly()
    say("SHM Reader: segment of \(memory.size) bytes attached.")
    let semaphore = try writersFirst { () throws(IPCError) in
      try SystemVSemaphores.open(semKey.key, minimumCount: 1)
    }

    // A new segment is zero. Whoever holds the semaphore before the writer had it finds nothing, gives it back, and
    // looks again: when a writer has it, or a little later, should one have come and gone meanwhile.
    try acquire(semaphore, patience)
    var bytes = try memory.bytes(count: memory.size)
    while bytes[0] == 0 {
      try semaphore.perform(.release(0, undo: true))
      try semaphore.perform(.waitForZero(0), patience: .atMost(.milliseconds(10)))
      if case .until(let deadline) = patience, deadline.hasPassed { throw lateness }
      try acquire(semaphore, patience)
      bytes = try memory.bytes(count: memory.size)
    }
    say("SHM Reader: semaphore acquired.")

    // Not further than the segment, should nobody have written a NUL.
    say("SHM Reader: read '\(visible(Array(bytes.prefix { $0 != 0 })))'.")

    try semaphore.perform(.release(0, undo: true))
    say("SHM Reader: semaphore released.")

    try memory.detach()
    say("SHM Reader: segment detached.")

    try segment.remove()
    try semaphore.remove()
    say("SHM Reader: removed the segment and the semaphore set.")
  }

  /// Should this process die with it, the kernel gives it back.
  private func acquire(_ semaphore: SystemVSemaphores, _ patience: Patience) throws {
    guard try semaphore.perform(.acquire(0, undo: true), patience: patience) == .done else { throw lateness }
  }

  private var lateness: IPCError {
    IPCError(call: "semop", errno: .timedOut, object: .key(semKey.key.rawValue))
  }

  /// Finds what the writer makes.
  private func writersFirst<Value>(_ find: () throws(IPCError) -> Value) throws -> Value {
    do throws(IPCError) {
      return try find()
    } catch {
      complain("shm_reader", error, "start shm_writer first")
      throw ExitCode.failure
    }
  }
}
