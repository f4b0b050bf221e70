internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// A parent tells its child something through an anonymous pipe.
struct AnonPipe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anon_pipe", abstract: "A parent tells its child something through an anonymous pipe.")

  @Option(help: "What the parent says.")
  var message = "Hello from parent!"

  @Flag(help: "Let the command be the child, with the reading end as its descriptor 3.")
  var child = false

  @Argument(parsing: .captureForPassthrough, help: "The program that --child runs, and its arguments.")
  var command: [String] = []

  @Option(help: .hidden)
  var readFrom: Int32?

  func validate() throws {
    if child && command.isEmpty { throw ValidationError("--child needs a program") }
    if !child && !command.isEmpty { throw ValidationError("unexpected argument '\(command[0])'") }
  }

  func run() throws {
    // Swift cannot fork: a process with threads must not. The child is a new one of this same program.
    if let readFrom { return try beChild(readingFrom: FileDescriptor(rawValue: readFrom)) }

    let pipe = try Pipe()
    say("Parent: pipe created.")

    let command = child ? self.command : ["/proc/self/exe", "anon_pipe", "--read-from", "3"]
    let process = try Child(command[0], arguments: Array(command[1...]), handing: [pipe.reader.handed(as: 3)])

    // The parent only writes. If it kept the reading end, it would never learn that the child is gone.
    try pipe.reader.close()

    let bytes = Array(message.utf8)
    let written = try pipe.writer.writeAll(bytes.span)
    if case .nobodyReads = written {
      complain("anon_pipe", IPCError(call: "write", errno: .brokenPipe, object: .name("pipe")))
    } else {
      say("Parent: sent '\(visible(bytes))' (\(written.count) bytes).")
    }

    // The child's end of file, so what it says comes after what was said here.
    try pipe.writer.close()

    // As a shell counts: a child that a signal ended has 128 and the signal's number.
    let status: Int32 =
      switch try process.wait() {
      case .exited(let status): status
      case .killed(let signal): 128 + signal
      }
    say("Parent: child finished with status \(status).")
    if status != 0 { throw ExitCode(status) }
    if case .nobodyReads = written { throw ExitCode.failure }
  }

  /// The child only reads: of the writing end it has no copy, since that is close-on-exec.
  private func beChild(readingFrom descriptor: FileDescriptor) throws {
    let reader = try Pipe.Reader(adopting: descriptor)
    var bytes: [UInt8] = []
    try reader.readToEnd(appendingTo: &bytes)
    if !bytes.isEmpty {
      say("Child: received '\(visible(bytes))' (\(bytes.count) bytes).")
    }
    say("Child: end of file.")
    try reader.close()
  }
}
