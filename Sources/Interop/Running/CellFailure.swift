/// Why a cell did not pass, as it is found out.
struct CellFailure: Error {
  let verdict: Verdict
  let reason: String
  var evidence = Evidence()

  init(_ verdict: Verdict, _ reason: String, demanded: String? = nil, asked: String? = nil, answered: String? = nil) {
    self.verdict = verdict
    self.reason = reason
    evidence.demanded = demanded
    evidence.asked = asked
    evidence.answered = answered
  }

  /// The environment failed, not a peer.
  init(_ error: SandboxError) { self.init(.broken, error.description) }
}
