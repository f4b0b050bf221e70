internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Tells whoever reads the FIFO something.
struct FIFOWriter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fifo_writer", abstract: "Tells whoever reads the FIFO something.")

  @Option(help: "The path of the FIFO.")
  var path = "/tmp/my_fifo"

  @Option(help: "What to say. A NUL is sent after it.")
  var message = "Hello from FIFO writer!"

  @Option(help: "The permissions of the FIFO, when it has to be made.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "How many seconds to wait for a reader.")
  var timeout: Seconds?

  func run() throws {
    let fifo = FIFO(FilePath(path))
    let patience = Patience(timeout)

    // Whoever comes first makes it.
    let made = try makeIfMissing(fifo, mode)
    do {
      try write(to: fifo, patience)
    } catch {
      // Nobody has read: there is nobody else to remove what this made.
      if made { try? fifo.unlink() }
      throw error
    }
  }

  private func write(to fifo: FIFO, _ patience: Patience) throws {
    // Waits until somebody reads. What is no FIFO, or a link to one, is refused.
    say("FIFO Writer: opening '\(path)'.")
    guard let writer = try fifo.openForWriting(patience: patience) else {
      throw IPCError(call: "open", errno: .timedOut, object: .path(fifo.path))
    }

    let bytes = Array(message.utf8) + [0]
    switch try writer.writeAll(bytes.span, patience: patience) {
    case .wrote(let count):
      say("FIFO Writer: sent '\(visible(bytes))' (\(count) bytes).")
    case .nobodyReads:
      throw IPCError(call: "write", errno: .brokenPipe, object: .path(fifo.path))
    case .wouldBlock, .timedOut:
      throw IPCError(call: "write", errno: .timedOut, object: .path(fifo.path))
    }
    // The reader removes the FIFO.
    try writer.close()
  }
}
