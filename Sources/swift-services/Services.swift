internal import ArgumentParser
internal import SwiftExamples

/// The Swift versions of the C programs in `c-peers/services`; see docs/services.md.
struct Services: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swift-examples", abstract: "The Swift versions of the C programs in c-peers/services.",
    subcommands: [
      MessageServer.self, MessageClient.self, QueueServer.self, QueueClient.self, SemaphoreServer.self,
      SemaphoreClient.self, FileServer.self, FileClient.self, MemoryServer.self, MemoryClient.self,
    ])
}

/// Runs the service or client that the arguments name; returns false if they name neither.
package func runService(_ arguments: [String]) -> Bool {
  let names = Services.configuration.subcommands.map { $0.configuration.commandName }
  guard let name = arguments.first, names.contains(name) else { return false }
  runProgram(of: Services.self, arguments)
  return true
}
