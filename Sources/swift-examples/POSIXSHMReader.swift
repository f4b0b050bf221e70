internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads a message from POSIX shared memory, and removes the object.
struct POSIXSHMReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_shm_reader", abstract: "Reads a message from POSIX shared memory, and removes the object.")

  @Option(help: "The object name.")
  var name = "/my_posix_shm"

  func run() throws {
    do {
      let object = try POSIXSharedMemory.open(POSIXName(name), access: .readOnly)
      let memory = try object.map()
      // The mapping stays valid without the descriptor.
      try object.close()
      say("POSIX SHM Reader: mapped '\(name)' (\(memory.size) bytes).")

      // Load the first byte before the others, because the writer stores it last.
      guard try memory.loadAcquiring(as: UInt8.self, at: 0) != 0 else {
        report("posix_shm_reader", "'\(name)' has no message yet (start posix_shm_writer first)")
        throw ExitCode.failure
      }
      // Without a NUL, the text extends to the end of the mapping. If another process truncates the object now, this
      // call throws, whereas SIGBUS kills the C program.
      let text = Array(try memory.copyBytes(count: memory.size).prefix { $0 != 0 })
      say("POSIX SHM Reader: read '\(visible(text))' (\(text.count) bytes).")

      try memory.unmap()
      say("POSIX SHM Reader: unmapped.")
    } catch let error as IPCError {
      report("posix_shm_reader", error, "start posix_shm_writer first")
      throw ExitCode.failure
    }
    try POSIXSharedMemory.unlink(POSIXName(name))
    say("POSIX SHM Reader: removed '\(name)'.")
  }
}
