internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Reads from a FIFO until all writers have closed it, and removes the FIFO.
struct FIFOReader: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fifo_reader",
    abstract: "Reads from a FIFO until all writers have closed it, and removes the FIFO.")

  @Option(help: "The FIFO path.")
  var path = "/tmp/my_fifo"

  @Option(help: "The FIFO's permissions, if it must be created.")
  var mode = Mode([.ownerReadWrite, .groupReadWrite, .otherReadWrite])

  @Option(help: "The number of seconds to wait for a writer and for end of file.")
  var timeout: Seconds?

  func run() throws {
    let fifo = FIFO(FilePath(path))
    let timeout = Timeout(timeout)

    // Whichever program starts first creates the FIFO.
    let created = try createIfMissing(fifo, mode)
    do {
      try read(from: fifo, timeout)
    } catch {
      if created { try? fifo.unlink() }
      throw error
    }

    // The reader removes the FIFO, whichever program created it.
    try fifo.unlink()
    say("FIFO Reader: removed '\(path)'.")
  }

  private func read(from fifo: FIFO, _ timeout: Timeout) throws {
    // This call waits for a writer. It fails if the path is a symbolic link or a file other than a FIFO.
    say("FIFO Reader: opening '\(path)'.")
    let reader = try fifo.openForReading(timeout: timeout)

    // Read to end of file, because one read may return only part of the data.
    var bytes: [UInt8] = []
    try reader.readToEnd(appendingTo: &bytes, timeout: timeout)
    if !bytes.isEmpty {
      say("FIFO Reader: received '\(visible(bytes))' (\(bytes.count) bytes).")
    }
    say("FIFO Reader: end of file.")
    try reader.close()
  }
}

/// Creates the FIFO unless the path exists, and returns whether it was created.
///
/// Opening the path later checks that it is a FIFO.
func createIfMissing(_ fifo: FIFO, _ mode: Mode) throws -> Bool {
  do throws(IPCError) {
    try fifo.create(permissions: mode.permissions)
    return true
  } catch  where error.errno == .fileExists {
    return false
  }
}
