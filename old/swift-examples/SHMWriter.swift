internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Writes a message into System V shared memory, under a semaphore.
struct SHMWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shm_writer", abstract: "Writes a message into System V shared memory, under a semaphore.")

  @Option(help: "The key of the segment.")
  var shmKey = Key(1234)

  @Option(help: "The key of the semaphore set.")
  var semKey = Key(5678)

  @Option(help: "What to write. A NUL follows it.")
  var message = "Hello from shared memory writer!"

  @Option(help: "The size of the segment, when it has to be made.")
  var size = 1024

  @Option(help: "The permissions of both, when they have to be made.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "How many seconds to wait for the semaphore.")
  var timeout: Seconds?

  func validate() throws {
    if size < 1 { throw ValidationError("--size: a segment has at least one byte") }
    // To the reader, an empty segment is one that is not written yet.
    if message.isEmpty { throw ValidationError("--message: there is nothing to write") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    let patience = Patience(timeout)

    // The semaphore first: a reader that finds the segment may rely on it. Whoever makes it sets it to 1, once: to do so
    // at every start would take it away from one who holds it.
    let semaphore: SystemVSemaphores
    let isNew: Bool
    switch try SystemVSemaphores.createOrOpenInitialized(
      semKey.key, values: [1], permissions: mode.permissions, patience: patience)
    {
    case .created(let set): (semaphore, isNew) = (set, true)
    case .opened(let set): (semaphore, isNew) = (set, false)
    case .timedOut, .wouldBlock:
      throw IPCError(call: "semget", errno: .timedOut, object: .key(semKey.key.rawValue))
    }
    do {
      try share(under: semaphore, patience)
    } catch {
      // What this made in vain, nobody else would remove.
      if isNew { try? semaphore.remove() }
      throw error
    }
  }

  private func share(under semaphore: SystemVSemaphores, _ patience: Patience) throws {
    let (segment, isNew) = try SystemVSharedMemory.createOrOpen(
      shmKey.key, size: size, permissions: mode.permissions)
    do {
      try write(into: segment, under: semaphore, patience)
    } catch {
      if isNew { try? segment.remove() }
      throw error
    }
  }

  private func write(
    into segment: SystemVSharedMemory, under semaphore: SystemVSemaphores, _ patience: Patience
  ) throws {
    let memory = try segment.attach()
    say("SHM Writer: segment of \(memory.size) bytes attached.")

    // Should this process die with it, the kernel gives it back.
    guard try semaphore.perform(.acquire(0, undo: true), patience: patience) == .done else {
      throw IPCError(call: "semop", errno: .timedOut, object: .key(semKey.key.rawValue))
    }
    say("SHM Writer: semaphore acquired.")

    // Zeros to the end: nothing remains of a longer message before this one.
    var bytes = Array(message.utf8)
    bytes += [UInt8](repeating: 0, count: memory.size - bytes.count)
    try memory.write(bytes.span)
    say("SHM Writer: wrote '\(visible(Array(message.utf8)))'.")

    try semaphore.perform(.release(0, undo: true))
    say("SHM Writer: semaphore released.")

    try memory.detach()
    say("SHM Writer: segment detached.")
  }
}
