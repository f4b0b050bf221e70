internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Hears what the FIFO's writers say, to the end, and removes the FIFO.
struct FIFOReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fifo_reader", abstract: "Hears what the FIFO's writers say, to the end, and removes the FIFO.")

  @Option(help: "The path of the FIFO.")
  var path = "/tmp/my_fifo"

  @Option(help: "The permissions of the FIFO, when it has to be made.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "How many seconds to wait for a writer, and for the end of what it says.")
  var timeout: Seconds?

  func run() throws {
    let fifo = FIFO(FilePath(path))
    let patience = Patience(timeout)

    // Whoever comes first makes it; who has read from it removes it, and who made it in vain as well.
    var isOurs = try fifo.makeIfMissing(permissions: mode.permissions)
    do {
      try read(from: fifo, patience, opened: &isOurs)
    } catch {
      if isOurs { try? fifo.unlink() }
      throw error
    }
    try fifo.unlink()
    say("FIFO Reader: removed '\(path)'.")
  }

  private func read(from fifo: FIFO, _ patience: Patience, opened: inout Bool) throws {
    // Waits until somebody writes.
    say("FIFO Reader: opening '\(path)'.")
    guard let reader = try fifo.openForReading(patience: patience) else {
      throw IPCError(call: "open", errno: .timedOut, object: .path(fifo.path))
    }
    opened = true

    // A FIFO has no boundaries: what was written is whole only at the end of file.
    var bytes: [UInt8] = []
    guard case .endOfFile = try reader.readToEnd(appendingTo: &bytes, patience: patience) else {
      throw IPCError(call: "read", errno: .timedOut, object: .path(fifo.path))
    }
    say("FIFO Reader: received '\(visible(bytes))' (\(bytes.count) bytes).")
    say("FIFO Reader: end of file.")
    try reader.close()
  }
}
