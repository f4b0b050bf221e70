internal import ArgumentParser

/// Sends requests to a message server, and prints replies and messages from other clients.
struct MessageClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "message_client",
    abstract: "Sends requests to a message server, and prints replies and messages from other clients.",
    discussion: "Types: echo, time, list, send to= message=, broadcast")

  @OptionGroup var options: ClientOptions

  func run() throws { try options.run(at: "/tmp/message_server") }
}
