internal import ArgumentParser
internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// Keeps messages in queues until a consumer acknowledges them.
struct QueueServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue_server", abstract: "Keeps messages in queues until a consumer acknowledges them.")

  @OptionGroup var options: ServerOptions
  @OptionGroup var limits: QueueLimits

  @Option(help: "A file that stores the messages, so that they survive a server restart.")
  var log: String?

  func run() throws {
    try options.serve(at: "/tmp/queue_server") { [log, limits] _ in
      try QueueService(Queues(limits, log: log.map { FilePath($0) }))
    }
  }
}

/// A queue server's limits.
struct QueueLimits: ParsableArguments {
  @Option(help: "The maximum number of queues.")
  var maxQueues = Limit(64)

  @Option(help: "The maximum number of messages in a queue.")
  var maxLength = 10_000

  @Option(help: "The maximum total size of all messages, in bytes.")
  var maxBytes = 256 << 20

  @Option(help: "The maximum number of redeliveries of a message.")
  var retries = 3

  @Option(help: "The number of seconds after which an unacknowledged message is delivered to another consumer.")
  var late = Seconds(.seconds(30))

  func validate() throws {
    guard maxLength > 0, maxBytes > 0, retries >= 0 else { throw ValidationError("a limit must not be negative") }
  }
}

@ServiceActor
private final class QueueService: Service {
  static let name = "Queue Server"

  private let queues: Queues

  init(_ queues: Queues) { self.queues = queues }

  func handle(_ request: Request, from client: Client) throws -> Reply? {
    switch request.type {
    case "create": return try create(request.payload())
    case "publish": return try publish(request.payload())
    case "subscribe": return try subscribe(request.payload(), client)
    case "acknowledge": return try queues.acknowledge(request.payload(as: Selected.self).message, of: client)
    case "reject": return try queues.reject(request.payload(as: Selected.self).message, of: client)
    case "statistics": return Reply(try queue(request.payload(as: Named.self).queue).statistics)
    case "list": return Reply(queues.names)
    default: throw ServiceError.unknownType
    }
  }

  func disconnected(_ client: Client) { queues.forget(client) }
  func tick() -> SuspendingClock.Instant? { queues.tick() }
  func commit() throws { try queues.commit() }

  private struct Created: Decodable { let queue: Name }
  private struct Named: Decodable { let queue: String }
  private struct Selected: Decodable { let message: Int }

  private struct Published: Decodable {
    let queue: String
    let payload: JSON
    let priority: String?
    let ttl: Int64?
  }

  private struct Subscribed: Decodable {
    let queue: String
    let credit: Int
  }

  private func queue(_ name: String) throws(ServiceError) -> Queue {
    guard let queue = queues.byName[name] else { throw ServiceError(.notFound, "there is no queue of this name") }
    return queue
  }

  private func create(_ request: Created) throws -> Reply {
    try queues.create(request.queue)
    return .done
  }

  private func publish(_ request: Published) throws -> Reply {
    guard let priority = Priority(name: request.priority ?? "normal"), 0...Int64(UInt32.max) ~= request.ttl ?? 0 else {
      throw ServiceError(.invalidPayload, "the priority or the ttl is not valid")
    }
    let expires = request.ttl.flatMap { $0 > 0 ? .millisecondsNow + $0 : nil }
    let number = try queues.publish(request.payload, priority, expires: expires, to: queue(request.queue))
    return Reply(["message": number])
  }

  private func subscribe(_ request: Subscribed, _ client: Client) throws -> Reply {
    guard 0...1000 ~= request.credit else {
      throw ServiceError(.invalidPayload, "the credit is between 0 and 1000")
    }
    queues.subscribe(client, to: try queue(request.queue), credit: request.credit)
    return .done
  }
}
