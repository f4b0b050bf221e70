internal import ArgumentParser
internal import IPC
internal import Synchronization
internal import SystemPackage

/// Writes a message into POSIX shared memory.
struct POSIXSHMWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_shm_writer", abstract: "Writes a message into POSIX shared memory.")

  @Option(help: "The object name.")
  var name = "/my_posix_shm"

  @Option(help: "The message, stored with a terminating NUL.")
  var message = "Hello from POSIX SHM Writer!"

  @Option(help: "The object size, in bytes.")
  var size = 1024

  @Option(help: "The permissions.")
  var mode = Mode(.ownerReadWrite)

  func validate() throws {
    if size < 1 { throw ValidationError("--size: at least 1 byte expected") }
    // While the object is empty, the reader knows that the message has not been written yet.
    if message.isEmpty { throw ValidationError("--message: it must not be empty") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    // The object must be new, because a reader may be reading another writer's object. The call also allocates memory.
    let object = try POSIXSharedMemory.create(POSIXName(name), size: size, permissions: mode.permissions)
    do {
      let memory = try object.map()
      // The mapping stays valid without the descriptor.
      try object.close()
      say("POSIX SHM Writer: mapped '\(name)' (\(memory.size) bytes).")

      // Store the first byte last, so that a reader that sees it also sees the other bytes.
      let bytes = Array(message.utf8) + [0]
      try memory.copy(bytes.span.extracting(1...), at: 1)
      try memory.withAtomic(UInt8.self, at: 0) { $0.store(bytes[0], ordering: .releasing) }
      say("POSIX SHM Writer: wrote '\(visible(bytes))' (\(bytes.count) bytes).")

      try memory.unmap()
      say("POSIX SHM Writer: unmapped.")
    } catch {
      try? POSIXSharedMemory.unlink(POSIXName(name))
      throw error
    }
  }
}
