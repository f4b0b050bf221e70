internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Passes an open file to another process.
struct FDSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fd_sender", abstract: "Passes an open file to another process.")

  @Option(help: "The socket path.")
  var path = "/tmp/fd_passing.sock"

  @Option(help: "The file to open and pass.")
  var file = "/etc/hosts"

  @Option(help: "The number of seconds to wait for room in the socket's buffer.")
  var timeout: Seconds?

  func run() throws {
    let address = try UnixSocket.Address(path: FilePath(path))
    let timeout = Timeout(timeout)

    // This process needs permission to open the file; the receiver does not need it.
    let opened: FileDescriptor
    do {
      opened = try FileDescriptor.open(FilePath(file), .readOnly, options: .closeOnExec)
    } catch let reason as Errno {
      report("fd_sender", "open '\(file)'", reason)
      throw ExitCode.failure
    }

    let server = try UnixSocket.Stream()
    try server.connect(to: address, timeout: timeout)
    say("FD Sender: connected to '\(path)'.")

    // The descriptor travels with two bytes. It stays open in transit, even after this process has closed its copy and
    // exited.
    try server.send("FD".utf8.span, descriptors: [opened].span, timeout: timeout)
    say("FD Sender: passed '\(file)'.")
    try? opened.close()
    try server.close()
  }
}
