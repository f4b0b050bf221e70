internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Replies to requests, and forwards messages between clients.
struct MessageServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "message_server", abstract: "Replies to requests, and forwards messages between clients.")

  @OptionGroup var options: ServerOptions

  func run() throws {
    try options.serve(at: "/tmp/message_server") { MessageService($0) }
  }
}

@ServiceActor
private final class MessageService: Service {
  static let name = "Message Server"

  private let clients: Clients

  init(_ clients: Clients) { self.clients = clients }

  func handle(_ request: Request, from client: Client) throws -> Reply? {
    switch request.type {
    case "echo": Reply(try request.payload(as: JSON.self))
    case "time": Reply(Int64.millisecondsNow)
    case "list": Reply(clients.all.map(Entry.init))
    case "send": try send(request.payload(), from: client)
    case "broadcast": try broadcast(request.payload(), from: client)
    default: throw ServiceError.unknownType
    }
  }

  /// A client and the time since its last request, in milliseconds.
  private struct Entry: Encodable {
    let client: Int
    let process: Int32
    let user: UInt32
    let idle: Int64

    @ServiceActor init(_ client: Client) {
      self.client = client.number
      process = client.credentials.process.rawValue
      user = client.credentials.user.rawValue
      idle = Int64(client.lastActivity.duration(to: .now) / .milliseconds(1))
    }
  }

  private struct Letter: Decodable {
    let to: Int
    let message: JSON
  }

  private struct Delivery: Encodable {
    let from: Int
    let message: JSON
  }

  private func send(_ letter: Letter, from client: Client) throws -> Reply {
    guard let recipient = clients.byNumber[letter.to], !recipient.isEnding, !recipient.isBroken else {
      throw ServiceError(.notFound, "there is no client \(letter.to)")
    }
    try recipient.notify("message", Delivery(from: client.number, message: letter.message))
    return .done
  }

  /// Sends a message to all other clients.
  private func broadcast(_ message: JSON, from client: Client) throws -> Reply {
    let recipients = clients.all.filter { $0 !== client && !$0.isEnding && !$0.isBroken }
    for recipient in recipients {
      try recipient.notify("broadcast", Delivery(from: client.number, message: message))
    }
    return Reply(["clients": recipients.count])
  }
}
