internal import ArgumentParser

/// Publishes and consumes messages.
struct QueueClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue_client", abstract: "Publishes and consumes messages.",
    discussion: "Types: create, publish, subscribe, acknowledge, reject, statistics, list")

  @OptionGroup var options: ClientOptions

  @Flag(help: "Acknowledge each delivered message.")
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
