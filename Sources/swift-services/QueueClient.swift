internal import ArgumentParser

/// Publishes messages, and consumes them.
struct QueueClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue_client", abstract: "Publishes messages, and consumes them.",
    discussion: "Types: create, publish, subscribe, acknowledge, reject, statistics, list")

  @OptionGroup var options: ClientOptions

  @Flag(help: "Acknowledge each message that is delivered.")
  var acknowledge = false

  func run() throws {
    try options.run(at: "/tmp/queue_server") { [acknowledge] conversation, message, _ in
      if acknowledge, message.type == "delivery", case .object(let delivery) = message.payload {
        try conversation.send("acknowledge", .object(["message": delivery["message"] ?? .null]))
      }
      return true
    }
  }
}
