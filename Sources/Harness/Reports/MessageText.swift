import PeerProtocol

extension Message {
  /// As a report shows it.
  ///
  /// The list of all operations in a greeting would only be in the way.
  package var text: String {
    switch self {
    case .request(let request): request.description
    case .rawRequest(let line), .line(let line): line
    case .response(let response): response.description
    case .greeting(let greeting):
      Greeting(language: greeting.language, implementation: greeting.implementation, operations: ["..."]).description
    }
  }

  /// The same with its direction: `> ` to the role, `< ` from it.
  var directedText: String { (isRequest ? "> " : "< ") + text }
}
