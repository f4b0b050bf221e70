internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Writes a message into POSIX shared memory.
struct POSIXSHMWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_shm_writer", abstract: "Writes a message into POSIX shared memory.")

  @Option(help: "The name of the object.")
  var name = "/my_posix_shm"

  @Option(help: "What to write. A NUL follows it.")
  var message = "Hello from POSIX SHM Writer!"

  @Option(help: "The size of the object.")
  var size = 1024

  @Option(help: "Its permissions.")
  var mode = Mode(.ownerReadWrite)

  func validate() throws {
    if size < 1 { throw ValidationError("--size: there is at least one byte") }
    // To the reader, an empty object is one that is not written yet.
    if message.isEmpty { throw ValidationError("--message: there is nothing to write") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    // New, or not at all: what another writer has made, its reader may be reading.
    let name = try POSIXSharedMemory.Name(validating: name)
    let object = try MemoryObject<ReadWrite>(creating: name, permissions: mode.permissions)
    do {
      try write(into: object)
    } catch {
      // What this made in vain, nobody else would remove.
      try? name.unlink()
      throw error
    }
    try object.close()
  }

  private func write(into object: borrowing MemoryObject<ReadWrite>) throws {
    // It is born empty. Where there is no room for it, this is the place to be told.
    try object.allocate(size)
    let memory = try object.map()
    say("POSIX SHM Writer: mapped '\(name)' (\(memory.size) bytes).")

    // The first byte last: a reader that finds it finds the others.
    let bytes = Array(message.utf8) + [0]
    try memory.write(bytes.span.extracting(1...), at: 1)
    try memory.write(bytes.span.extracting(..<1))
    say("POSIX SHM Writer: wrote '\(visible(bytes))' (\(bytes.count) bytes).")

    try memory.unmap()
    say("POSIX SHM Writer: unmapped.")
  }
}
