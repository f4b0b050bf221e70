import PeerProtocol

/// A golden transcript: the requests to one peer, each with its recorded response.
struct GoldenTranscript: Sendable {
  let exchanges: [RecordedExchange]

  /// Creates the transcript of a scenario; nil if the scenario is not a golden transcript.
  init?(_ scenario: Scenario) {
    var exchanges: [RecordedExchange] = []
    for step in scenario.steps {
      guard case .transcript(_, let line, let response) = step.action else { return nil }
      exchanges.append(RecordedExchange(step: step, line: line, response: response))
    }
    guard !exchanges.isEmpty else { return nil }
    self.exchanges = exchanges
  }

  /// The part of a transcript that a peer can be compared with.
  struct Coverage {
    /// The number of exchanges that can be compared.
    var compared = 0
    /// The first capability that the peer lacks; nil if it has all of them.
    var missing: String?
  }

  /// Returns the part of the transcript that can be compared with a peer whose responses are all correct.
  func coverage(by peer: PeerCapabilities, _ registry: OperationRegistry) -> Coverage {
    var state = TranscriptState(exchanges, peer: peer, registry: registry)
    var coverage = Coverage()
    for exchange in exchanges {
      switch state.next(exchange) {
      case .compare:
        coverage.compared += 1
        state.matched(exchange)
      case .perform: state.performed(exchange)
      case .omit: break
      }
      if coverage.missing == nil, let request = exchange.request { coverage.missing = peer.missing(for: request) }
    }
    return coverage
  }
}

/// A request in a golden transcript, which may be malformed, and the recorded response.
struct RecordedExchange: Sendable {
  let step: Step
  let line: String
  let response: String
  /// The request; nil if the line is malformed.
  let request: Request?
  /// The first word of the line.
  let operation: String

  init(step: Step, line: String, response: String) {
    self.step = step
    self.line = line
    self.response = response
    request = try? Request(parsing: line)
    operation = String(line.prefix { $0 != " " })
  }

  /// Whether the recorded request succeeded.
  var succeeds: Bool { response == "ok" || response.hasPrefix("ok ") }
  /// Whether the recorded request may have changed something.
  ///
  /// A failed request that reports partial progress may have changed something as well.
  var hasEffect: Bool { succeeds || (response.hasPrefix("error ") && response.contains(" return=")) }
}
