internal import ArgumentParser

/// Acquires and releases semaphore permits.
struct SemaphoreClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "semaphore_client", abstract: "Acquires and releases semaphore permits.",
    discussion: "Types: create, acquire, try, cancel, release, discard, add, remove, statistics, list")

  @OptionGroup var options: ClientOptions

  @Flag(help: "Release each request's permits as soon as they are acquired.")
  var release = false

  func run() throws {
    try options.run(at: "/tmp/semaphore_server") { [release] conversation, message, _ in
      // Only replies to requests that acquired permits have the member `waited`.
      if release, case .object(var acquired) = message.payload, acquired.removeValue(forKey: "waited") != nil {
        try conversation.send("release", .object(acquired))
      }
      return true
    }
  }
}
