package import ArgumentParser
internal import IPC

/// The Swift versions of the C programs in `c-peers/examples`: one file per program, with the same name, options and
/// steps.
struct Examples: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swift-examples",
    abstract: "The Swift versions of the C programs in c-peers/examples.",
    subcommands: [
      AnonPipe.self,
      FIFOWriter.self,
      FIFOReader.self,
      POSIXMQSender.self,
      POSIXMQReceiver.self,
      SHMWriter.self,
      SHMReader.self,
      POSIXSHMWriter.self,
      POSIXSHMReader.self,
      MappedFileWriter.self,
      MappedFileReader.self,
      SysVMsgSender.self,
      SysVMsgReceiver.self,
      SignalSender.self,
      SignalReceiver.self,
      UnixEchoServer.self,
      UnixEchoClient.self,
      FDSender.self,
      FDReceiver.self,
      TCPEchoServer.self,
      TCPEchoClient.self,
      UDPEchoServer.self,
      UDPEchoClient.self,
    ])

  func run() throws { throw ValidationError("which program?") }
}

/// Runs the program named by the arguments.
package func runExample(_ arguments: [String]) { runProgram(of: Examples.self, arguments) }

/// Runs the subcommand named by the arguments.
///
/// On incorrect usage, reports the reason and exits with status 64.
package func runProgram<Programs: ParsableCommand>(of programs: Programs.Type, _ arguments: [String]) {
  do {
    var program = try Programs.parseAsRoot(arguments)
    let role = type(of: program).configuration.commandName ?? "swift-examples"
    do {
      try program.run()
    } catch let error as IPCError {
      report(role, error)
      throw ExitCode.failure
    }
  } catch {
    Programs.exit(withError: error)
  }
}
