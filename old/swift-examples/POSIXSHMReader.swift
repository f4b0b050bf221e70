internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads a message from POSIX shared memory, and removes it.
struct POSIXSHMReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_shm_reader", abstract: "Reads a message from POSIX shared memory, and removes it.")

  @Option(help: "The name of the object.")
  var name = "/my_posix_shm"

  func run() throws {
    let name = try POSIXSharedMemory.Name(validating: name)
    let size: Int
    let bytes: [UInt8]
    do throws(IPCError) {
      let object = try MemoryObject<ReadOnly>(opening: name)
      // Its writer may have just made it.
      guard try object.status().size > 0 else {
        throw IPCError(call: "fstat", errno: .noData, object: .name(self.name))
      }
      let memory = try object.map()
      // The mapping does without.
      try object.close()
      size = memory.size
      say("POSIX SHM Reader: mapped '\(name)' (\(size) bytes).")

      // The first byte first: its writer stores it last. Should somebody make it shorter now, that is an error, of which
      // the C twin dies.
      guard try memory.bytes(count: 1) != [0] else {
        throw IPCError(call: "read", errno: .noData, object: .name(self.name))
      }
      bytes = try memory.bytes(count: size)
      // Not further than the mapping, should nobody have written a NUL.
      let text = Array(bytes.prefix { $0 != 0 })
      say("POSIX SHM Reader: read '\(visible(text))' (\(text.count) bytes).")

      try memory.unmap()
      say("POSIX SHM Reader: unmapped.")
    } catch {
      complain("posix_shm_reader", error, "start posix_shm_writer first")
      throw ExitCode.failure
    }
    try name.unlink()
    say("POSIX SHM Reader: removed '\(name)'.")
  }
}
