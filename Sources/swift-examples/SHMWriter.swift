internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Writes a message into System V shared memory, protected by a semaphore.
struct SHMWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shm_writer", abstract: "Writes a message into System V shared memory, protected by a semaphore.")

  @Option(help: "The key of the segment.")
  var shmKey = Key(1234)

  @Option(help: "The key of the semaphore set.")
  var semKey = Key(5678)

  @Option(help: "The message. A NUL is written after it.")
  var message = "Hello from shared memory writer!"

  @Option(help: "The size of the segment, if it has to be created.")
  var size = 1024

  @Option(help: "The permissions of both, if they have to be created.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "How many seconds to wait for the semaphore.")
  var timeout: Seconds?

  func validate() throws {
    if size < 1 { throw ValidationError("--size: a segment has at least one byte") }
    // The reader waits until the segment is not empty.
    if message.isEmpty { throw ValidationError("--message: there is nothing to write") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    let timeout = Timeout(timeout)

    // The semaphore is created before the segment, because a reader that finds the segment expects it. Only the process
    // that creates the semaphore sets it to 1. A program that did so at every start would release a semaphore that
    // another process holds.
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
      // There was no reader, so no other program would remove them.
      if semaphore.isNew { try? semaphore.remove() }
      throw error
    }
  }

  private func write(
    into segment: SystemVSharedMemory, under semaphore: SystemVSemaphores, _ timeout: Timeout
  ) throws {
    let memory = try segment.attach()
    say("SHM Writer: segment of \(memory.size) bytes attached.")

    // If this process dies, the kernel releases the semaphore.
    try semaphore.perform(.acquire(0, undo: true), timeout: timeout)
    say("SHM Writer: semaphore acquired.")

    // Zeros up to the end remove the rest of an earlier, longer message.
    let bytes = Array(message.utf8)
    try memory.copy((bytes + [UInt8](repeating: 0, count: memory.size - bytes.count)).span)
    say("SHM Writer: wrote '\(visible(bytes))'.")

    try semaphore.perform(.release(0, undo: true))
    say("SHM Writer: semaphore released.")

    try memory.detach()
    say("SHM Writer: segment detached.")
  }
}
