internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Writes a message to a FIFO.
struct FIFOWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fifo_writer", abstract: "Writes a message to a FIFO.")

  @Option(help: "The FIFO path.")
  var path = "/tmp/my_fifo"

  @Option(help: "The message, sent with a terminating NUL.")
  var message = "Hello from FIFO writer!"

  @Option(help: "The FIFO's permissions, if it must be created.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "The number of seconds to wait for a reader.")
  var timeout: Seconds?

  func run() throws {
    let fifo = FIFO(FilePath(path))

    // Whichever program starts first creates the FIFO.
    let created = try createIfMissing(fifo, mode)
    do {
      try write(to: fifo, Timeout(timeout))
    } catch {
      // There was no reader to remove the FIFO, so remove it here.
      if created { try? fifo.unlink() }
      throw error
    }
  }

  private func write(to fifo: FIFO, _ timeout: Timeout) throws {
    // This call waits for a reader. It fails if the path is a symbolic link or a file other than a FIFO.
    say("FIFO Writer: opening '\(path)'.")
    let writer = try fifo.openForWriting(timeout: timeout)

    let bytes = Array(message.utf8) + [0]
    try writer.writeAll(bytes.span, timeout: timeout)
    say("FIFO Writer: sent '\(visible(bytes))' (\(bytes.count) bytes).")
    // The reader removes the FIFO.
    try writer.close()
  }
}
