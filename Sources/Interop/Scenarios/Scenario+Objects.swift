import PeerContract

/// What a script makes, as far as it decides where the script can be run.
extension Scenario {
  var opensMessageQueues: Bool {
    requests.contains("mq_open")
      || roles.contains { role in
        guard case .program(_, let arguments) = role.part else { return false }
        return arguments.flatMap(\.variables).contains { $0.prefix { $0 != "-" } == "mq" }
      }
  }

  private var requests: [String] {
    steps.compactMap { step in
      switch step.action {
      case .request(_, let template, _): template.operation
      case .transcript(_, let asked, _): (try? Request(parsing: asked))?.operation
      default: nil
      }
    }
  }
}
