public import PeerProtocol

/// One line that the runner sends to a role or receives from it.
///
/// Only reports turn it into text.
public enum Message: Sendable, Hashable {
  case request(Request)
  /// A line of a golden transcript, which may be malformed.
  case rawRequest(String)
  case response(Response)
  case greeting(Greeting)
  /// A line that violates the protocol, or the output of an example program.
  case line(String)

  /// Whether the runner sent it.
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

/// A message of a transcript with its time.
public struct TimedMessage: Sendable {
  /// The message, which the runner sent or received.
  public let message: Message
  /// The time of the message in seconds since the start of the cell, by the clock of the runner.
  public let seconds: Double

  package init(_ message: Message, seconds: Double) {
    self.message = message
    self.seconds = seconds
  }
}
