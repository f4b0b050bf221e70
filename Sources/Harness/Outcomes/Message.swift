public import PeerProtocol

/// One line that the runner sends to a role or receives from a role.
///
/// Only reports convert a message to text.
public enum Message: Sendable, Hashable {
  case request(Request)
  /// A request line from a golden transcript; the line may be malformed.
  case rawRequest(String)
  case response(Response)
  case greeting(Greeting)
  /// A line that violates the protocol, or the output of an example program.
  case line(String)

  /// Whether the runner sent the message.
  public var isRequest: Bool {
    switch self {
    case .request, .rawRequest: true
    case .response, .greeting, .line: false
    }
  }

  /// The name of the requested operation.
  var operation: String? {
    switch self {
    case .request(let request): request.operation
    case .rawRequest(let line): String(line.prefix { $0 != " " })
    case .response, .greeting, .line: nil
    }
  }
}

/// A message in a transcript, with its time.
public struct TimedMessage: Sendable {
  /// The message that the runner sent or received.
  public let message: Message
  /// The time of the message in seconds since the start of the cell, by the runner's clock.
  public let seconds: Double

  package init(_ message: Message, seconds: Double) {
    self.message = message
    self.seconds = seconds
  }
}
