internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Reads a message from a mapped file, and removes it.
struct MappedFileReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapped_file_reader", abstract: "Reads a message from a mapped file, and removes it.")

  @Option(help: "The path of the file.")
  var path = "/tmp/my_mapped_file"

  func run() throws {
    let file = FilePath(path)
    let size: Int
    let bytes: [UInt8]
    do throws(IPCError) {
      let object = try MemoryObject<ReadOnly>(opening: file)
      // Its writer may have just made it.
      guard try object.status().size > 0 else {
        throw IPCError(call: "fstat", errno: .noData, object: .path(file))
      }
      let memory = try object.map()
      // The mapping does without.
      try object.close()
      size = memory.size
      say("Mapped File Reader: mapped '\(path)' (\(size) bytes).")

      // The first byte first: its writer stores it last. Should somebody make it shorter now, that is an error, of which
      // the C twin dies.
      guard try memory.bytes(count: 1) != [0] else {
        throw IPCError(call: "read", errno: .noData, object: .path(file))
      }
      bytes = try memory.bytes(count: size)
      // Not further than the mapping, should nobody have written a NUL.
      let text = Array(bytes.prefix { $0 != 0 })
      say("Mapped File Reader: read '\(visible(text))' (\(text.count) bytes).")

      try memory.unmap()
      say("Mapped File Reader: unmapped.")
    } catch {
      complain("mapped_file_reader", error, "start mapped_file_writer first")
      throw ExitCode.failure
    }
    guard unsafe unlink(path) == 0 else {
      throw IPCError(call: "unlink", errno: Errno(rawValue: errno), object: .path(file))
    }
    say("Mapped File Reader: removed '\(path)'.")
  }
}
