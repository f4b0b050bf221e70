internal import ArgumentParser
internal import IPC
internal import Synchronization
internal import SystemPackage

/// Writes a message into a mapped file.
struct MappedFileWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapped_file_writer", abstract: "Writes a message into a mapped file.")

  @Option(help: "The file path.")
  var path = "/tmp/my_mapped_file"

  @Option(help: "The message, stored with a terminating NUL.")
  var message = "Hello from mapped file writer!"

  @Option(help: "The file size, in bytes.")
  var size = 1024

  @Option(help: "The permissions.")
  var mode = Mode(.ownerReadWrite)

  func validate() throws {
    if size < 1 { throw ValidationError("--size: at least 1 byte expected") }
    // While the file is empty, the reader knows that the message has not been written yet.
    if message.isEmpty { throw ValidationError("--message: it must not be empty") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    // The file must be new, because a reader may be reading another writer's file. The call also allocates disk space.
    let object = try MappedFile.create(FilePath(path), size: size, permissions: mode.permissions)
    do {
      let memory = try object.map()
      // The mapping stays valid without the descriptor.
      try object.close()
      say("Mapped File Writer: mapped '\(path)' (\(memory.size) bytes).")

      // Store the first byte last, so that a reader that sees it also sees the other bytes.
      let bytes = Array(message.utf8) + [0]
      try memory.copy(bytes.span.extracting(1...), at: 1)
      try memory.withAtomic(UInt8.self, at: 0) { $0.store(bytes[0], ordering: .releasing) }
      say("Mapped File Writer: wrote '\(visible(bytes))' (\(bytes.count) bytes).")

      // Syncing affects only the disk. Other processes already see the change.
      try memory.sync()
      say("Mapped File Writer: synchronised.")

      try memory.unmap()
      say("Mapped File Writer: unmapped.")
    } catch {
      try? MappedFile.unlink(FilePath(path))
      throw error
    }
  }
}
