internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads a message from a mapped file, and removes the file.
struct MappedFileReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapped_file_reader", abstract: "Reads a message from a mapped file, and removes the file.")

  @Option(help: "The file path.")
  var path = "/tmp/my_mapped_file"

  func run() throws {
    do {
      let object = try MappedFile.open(FilePath(path), access: .readOnly)
      let memory = try object.map()
      // The mapping stays valid without the descriptor.
      try object.close()
      say("Mapped File Reader: mapped '\(path)' (\(memory.size) bytes).")

      // Load the first byte before the others, because the writer stores it last.
      guard try memory.loadAcquiring(as: UInt8.self, at: 0) != 0 else {
        report("mapped_file_reader", "'\(path)' has no message yet (start mapped_file_writer first)")
        throw ExitCode.failure
      }
      // Without a NUL, the text extends to the end of the mapping. If another process truncates the file now, this call
      // throws, whereas SIGBUS kills the C program.
      let text = Array(try memory.copyBytes(count: memory.size).prefix { $0 != 0 })
      say("Mapped File Reader: read '\(visible(text))' (\(text.count) bytes).")

      try memory.unmap()
      say("Mapped File Reader: unmapped.")
    } catch let error as IPCError {
      report("mapped_file_reader", error, "start mapped_file_writer first")
      throw ExitCode.failure
    }
    try MappedFile.unlink(FilePath(path))
    say("Mapped File Reader: removed '\(path)'.")
  }
}
