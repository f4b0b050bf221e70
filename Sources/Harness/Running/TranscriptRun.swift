import PeerProtocol

/// Sends the requests in a golden transcript to a peer, and compares the responses to those that the peer supports.
extension StepInterpreter {
  /// Performs the exchanges, and throws one outcome that contains all differences.
  ///
  /// `current` is set to the step of the current exchange.
  func play(_ transcript: GoldenTranscript, current: inout Step?) throws(CellOutcome) {
    let peer = client.roles.first.flatMap { client.context.capabilities[$0.language] }
    var state = TranscriptState(transcript.exchanges, peer: peer, registry: client.context.registry)
    var differences: [TranscriptDifference] = []
    for exchange in transcript.exchanges {
      let decision = state.next(exchange)
      guard decision != .omit else { continue }
      current = exchange.step
      let role = try started(client.roles[0].name)
      let response: Response
      let difference: TranscriptDifference?
      do throws(CellOutcome) {
        (response, difference) = try converse(role, exchange)
      } catch {
        guard let first = differences.first else { throw error }
        current = first.step
        throw first.outcome(of: differences, then: error)
      }
      switch decision {
      case .perform, .omit: state.performed(exchange)
      case .compare:
        if case .unrepresentable(let type) = response, role.platform.isNarrow(type) {
          state.differed(exchange, succeeded: false)
          continue
        }
        guard let difference else {
          state.matched(exchange)
          continue
        }
        differences.append(difference)
        let succeeded: Bool = if case .ok = response { true } else { false }
        state.differed(exchange, succeeded: succeeded)
      }
    }
    guard let first = differences.first else { return }
    current = first.step
    throw first.outcome(of: differences, then: nil)
  }

  /// Performs one exchange, whose request may be malformed, and returns the response and any difference.
  private func converse(
    _ role: RoleProcess, _ recorded: RecordedExchange
  ) throws(CellOutcome) -> (Response, TranscriptDifference?) {
    let line = recorded.line.replacing("{fresh}", with: token)
    let expected = recorded.response.replacing("{fresh}", with: token)
    let registry = client.context.registry
    try client.send(line: line, to: role)
    let exchange = try client.response(of: role)
    let reason =
      ResponseCheck.matches(exchange.response, recorded: expected)
      ? TimeCheck(registry: registry).earlyEnd(of: exchange)
      : (["the response to '\(line)' differs from the golden transcript"]
        + ResponseCheck.differences(exchange.response, recorded: expected)).joined(separator: "; ")
    if case .ok(let fields) = exchange.response, let operation = registry[exchange.request.operation] {
      role.follow(exchange.request, fields, operation)
    }
    let difference = reason.map { reason in
      TranscriptDifference(
        mechanism: registry.mechanism(of: exchange.request.operation), reason: "\(role.description): \(reason)",
        step: recorded.step, location: recorded.step.location, expected: expected, request: .rawRequest(line),
        response: .response(exchange.response))
    }
    return (exchange.response, difference)
  }
}

/// A response from a peer that differs from a golden transcript.
public struct TranscriptDifference: Sendable, Codable {
  /// The mechanism to which the operation belongs; nil if there is no such operation.
  public let mechanism: String?
  /// A one-line description of the difference.
  public let reason: String
  /// The step that contains the exchange; nil in a report that was read from a file.
  private(set) var step: Step?
  /// The request's position in its file.
  public let location: SourceLocation
  /// The recorded response.
  public let expected: String
  /// The request that the runner sent.
  public let request: Message
  /// The peer's response.
  public let response: Message

  private enum CodingKeys: String, CodingKey { case mechanism, reason, location, expected, request, response }

  /// The maximum number of differences in a report.
  private static let maximum = 100

  /// Returns the outcome for a transcript with the given differences; this difference must be the first in the list.
  ///
  /// `end` is the outcome that ended the transcript early; nil if it ran to completion.
  fileprivate func outcome(of differences: [TranscriptDifference], then end: CellOutcome?) -> CellOutcome {
    var text = reason
    if differences.count > 1 {
      var mechanisms: [String] = []
      for difference in differences.dropFirst() {
        let mechanism = difference.mechanism ?? "no mechanism"
        if !mechanisms.contains(mechanism) { mechanisms.append(mechanism) }
      }
      text += "; and \(counted(differences.count - 1, "more difference")) (\(mechanisms.joined(separator: ", ")))"
    }
    if let end { text += "; then \(end.reason ?? end.verdict.rawValue)" }
    var outcome = CellOutcome(.failed, text, expected: expected, request: request, response: response)
    outcome.evidence?.differences = differences.prefix(Self.maximum).map(Difference.transcript)
    return outcome
  }
}
