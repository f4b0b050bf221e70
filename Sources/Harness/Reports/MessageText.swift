import PeerProtocol

extension Message {
  /// The message text as shown in reports.
  ///
  /// A greeting is shortened, because its list of operations is long.
  package var text: String {
    switch self {
    case .request(let request): request.description
    case .rawRequest(let line), .line(let line): line
    case .response(let response): response.description
    case .greeting(let greeting):
      Greeting(language: greeting.language, implementation: greeting.implementation, operations: ["..."]).description
    }
  }

  /// The text with its direction: `> ` to the role, `< ` from it.
  var directedText: String { (isRequest ? "> " : "< ") + text }
}
