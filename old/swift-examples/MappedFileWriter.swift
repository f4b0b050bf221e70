internal import ArgumentParser
internal import Glibc
internal import IPC
internal import SystemPackage

/// Writes a message into a mapped file.
struct MappedFileWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapped_file_writer", abstract: "Writes a message into a mapped file.")

  @Option(help: "The path of the file.")
  var path = "/tmp/my_mapped_file"

  @Option(help: "What to write. A NUL follows it.")
  var message = "Hello from mapped file writer!"

  @Option(help: "The size of the file.")
  var size = 1024

  @Option(help: "Its permissions.")
  var mode = Mode(.ownerReadWrite)

  func validate() throws {
    if size < 1 { throw ValidationError("--size: there is at least one byte") }
    // To the reader, an empty file is one that is not written yet.
    if message.isEmpty { throw ValidationError("--message: there is nothing to write") }
    if message.utf8.count >= size { throw ValidationError("--message: too long for \(size) bytes, with its NUL") }
  }

  func run() throws {
    // New, or not at all: what another writer has made, its reader may be reading.
    let file = FilePath(path)
    let object = try MemoryObject<ReadWrite>(creating: file, permissions: mode.permissions)
    do {
      try write(into: object)
    } catch {
      // What this made in vain, nobody else would remove.
      _ = unsafe unlink(path)
      throw error
    }
    try object.close()
  }

  private func write(into object: borrowing MemoryObject<ReadWrite>) throws {
    // It is born empty. Where there is no room for it, this is the place to be told.
    try object.allocate(size)
    let memory = try object.map()
    say("Mapped File Writer: mapped '\(path)' (\(memory.size) bytes).")

    // The first byte last: a reader that finds it finds the others.
    let bytes = Array(message.utf8) + [0]
    try memory.write(bytes.span.extracting(1...), at: 1)
    try memory.write(bytes.span.extracting(..<1))
    say("Mapped File Writer: wrote '\(visible(bytes))' (\(bytes.count) bytes).")

    // Whoever reads the file sees it already. This is for the disk.
    try memory.sync()
    say("Mapped File Writer: synchronised.")

    try memory.unmap()
    say("Mapped File Writer: unmapped.")
  }
}
