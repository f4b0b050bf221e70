internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// A parent sends a message to its child through an anonymous pipe.
struct AnonPipe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anon_pipe", abstract: "A parent sends a message to its child through an anonymous pipe.")

  @Option(help: "The parent's message.")
  var message = "Hello from parent!"

  @Flag(help: "Run a command as the child, with the read end as its descriptor 3.")
  var child = false

  @Argument(parsing: .captureForPassthrough, help: "The program that --child runs, and its arguments.")
  var command: [String] = []

  @Option(help: .hidden)
  var readFrom: Int32?

  func validate() throws {
    if child && command.isEmpty { throw ValidationError("--child needs a program") }
    // The command captures all words, also the options for help.
    if !child && ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    if !child && !command.isEmpty { throw ValidationError("unexpected argument '\(command[0])'") }
  }

  func run() throws {
    // A Swift program has threads, so it must not fork. Instead, the child executes this program again.
    if let readFrom { return try beChild(readingFrom: FileDescriptor(rawValue: readFrom)) }

    let pipe = try AnonymousPipe()
    say("Parent: pipe created.")

    let command = child ? self.command : ["/proc/self/exe", "anon_pipe", "--read-from", "3"]
    let process = try ChildProcess(
      command[0], arguments: Array(command[1...]), inheriting: [.init(pipe.reader, as: 3)])

    // The parent only writes. If it kept the read end open, it would not notice that the child has exited.
    try pipe.reader.close()

    var sent = false
    do {
      try send(Array(message.utf8), to: pipe.writer)
      sent = true
    } catch let error as IPCError where error.errno == .brokenPipe {
      report("anon_pipe", error)
    }

    // The child now sees end of file, so its output comes after the parent's.
    try pipe.writer.close()

    let status = try process.wait().shellStatus
    say("Parent: child finished with status \(status).")
    if status != 0 { throw ExitCode(status) }
    if !sent { throw ExitCode.failure }
  }

  private func send(_ bytes: [UInt8], to writer: borrowing PipeWriter) throws {
    try writer.writeAll(bytes.span)
    say("Parent: sent '\(visible(bytes))' (\(bytes.count) bytes).")
  }

  /// The child only reads.
  ///
  /// The write end is close-on-exec, so the child has no copy of it.
  private func beChild(readingFrom descriptor: FileDescriptor) throws {
    let reader = try PipeReader(adopting: descriptor)
    var bytes: [UInt8] = []
    try reader.readToEnd(appendingTo: &bytes)
    if !bytes.isEmpty {
      say("Child: received '\(visible(bytes))' (\(bytes.count) bytes).")
    }
    say("Child: end of file.")
    try reader.close()
  }
}
