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

    // Whoever comes first makes it.
    let made = try makeIfMissing(fifo, mode)
    do {
      try read(from: fifo, patience)
    } catch {
      if made { try? fifo.unlink() }
      throw error
    }

    // The reader removes it, whoever made it.
    try fifo.unlink()
    say("FIFO Reader: removed '\(path)'.")
  }

  private func read(from fifo: FIFO, _ patience: Patience) throws {
    // Waits until somebody writes. What is no FIFO, or a link to one, is refused.
    say("FIFO Reader: opening '\(path)'.")
    guard let reader = try fifo.openForReading(patience: patience) else {
      throw IPCError(call: "open", errno: .timedOut, object: .path(fifo.path))
    }

    // To the end of file, since one read may bring only a part.
    var bytes: [UInt8] = []
    guard case .endOfFile = try reader.readToEnd(appendingTo: &bytes, patience: patience) else {
      throw IPCError(call: "read", errno: .timedOut, object: .path(fifo.path))
    }
    if !bytes.isEmpty {
      say("FIFO Reader: received '\(visible(bytes))' (\(bytes.count) bytes).")
    }
    say("FIFO Reader: end of file.")
    try reader.close()
  }
}

/// Makes the FIFO unless something is there, and tells whether it did. Whether that is a FIFO shows when it is opened.
func makeIfMissing(_ fifo: FIFO, _ mode: Mode) throws -> Bool {
  do {
    try fifo.make(permissions: mode.permissions)
    return true
  } catch let error where error.errno == .fileExists {
    return false
  }
}
