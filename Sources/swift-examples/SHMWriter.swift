internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Writes a message into System V shared memory, protected by a semaphore.
struct SHMWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shm_writer", abstract: "Writes a message into System V shared memory, protected by a semaphore.")

  @Option(help: "The segment key.")
  var shmKey = Key(1234)

  @Option(help: "The semaphore set's key.")
  var semKey = Key(5678)

  @Option(help: "The message, stored with a terminating NUL.")
  var message = "Hello from shared memory writer!"

  @Option(help: "The segment size in bytes, if the segment must be created.")
  var size = 1024

  @Option(help: "The permissions of the segment and the semaphore set, if they must be created.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "The number of seconds to wait for the semaphore.")
  var timeout: Seconds?

  func validate() throws {
    if size < 1 { throw ValidationError("--size: a segment has at least one byte") }
    // The reader waits until the segment is not empty.
    if message.isEmpty { throw ValidationError("--message: there is nothing to write") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    let timeout = Timeout(timeout)

    // Create the semaphore before the segment, because a reader that finds the segment expects the semaphore to exist.
    // Only the process that creates the semaphore sets it to 1. If a program did so at every start, it would release a
    // semaphore that another process has acquired.
    let semaphore = try SystemVSemaphores.createOrOpenInitialized(
      semKey.key, values: [1], permissions: mode.permissions, timeout: timeout)
    do {
      let segment = try SystemVSharedMemory.createOrOpen(shmKey.key, size: size, permissions: mode.permissions)
      do {
        try write(into: segment, under: semaphore, timeout)
      } catch {
        if segment.isNew { try? segment.remove() }
        throw error
      }
    } catch {
      // There was no reader to remove the objects, so remove them here.
      if semaphore.isNew { try? semaphore.remove() }
      throw error
    }
  }

  private func write(
    into segment: SystemVSharedMemory, under semaphore: SystemVSemaphores, _ timeout: Timeout
  ) throws {
    let memory = try segment.attach()
    say("SHM Writer: segment of \(memory.size) bytes attached.")

    // If this process dies while it holds the semaphore, the kernel releases it.
    try semaphore.perform(.acquire(0, undo: true), timeout: timeout)
    say("SHM Writer: semaphore acquired.")

    // Pad with zeros to overwrite the rest of an earlier, longer message.
    let bytes = Array(message.utf8)
    try memory.copy((bytes + [UInt8](repeating: 0, count: memory.size - bytes.count)).span)
    say("SHM Writer: wrote '\(visible(bytes))'.")

    try semaphore.perform(.release(0, undo: true))
    say("SHM Writer: semaphore released.")

    try memory.detach()
    say("SHM Writer: segment detached.")
  }
}
