import PeerContract

/// What a script makes, as far as it decides where the script can be run.
extension Scenario {
  /// A System V queue or set of semaphores without a key. Neither tells who made it, so that nobody else may remove it.
  var makesWhatBearsNobodysName: Bool {
    requests.contains { operation, key in
      ["msgget", "semget", "semget_init"].contains(operation) && key.map(Self.isPrivate) == true
    }
  }

  /// Opens message queues, or asks how many there are.
  var concernsMessageQueues: Bool {
    requests.contains { operation, _ in operation == "mq_open" }
      || steps.contains { step in
        guard case .census(let demands) = step.action else { return false }
        return demands.contains { $0.kind == .messageQueue }
      }
      || roles.contains { role in
        guard case .program(_, let arguments) = role.part else { return false }
        return arguments.flatMap(\.variables).contains { $0.prefix { $0 != "-" } == "mq" }
      }
  }

  private var requests: [(operation: String, key: String?)] {
    steps.compactMap { step in
      switch step.action {
      case .request(_, let template, _):
        (template.operation, template.fields.first { $0.key == "key" }?.value.description)
      case .transcript(_, let asked, _): (try? Request(parsing: asked)).map { ($0.operation, $0.fields["key"]) }
      default: nil
      }
    }
  }

  /// As the contract writes it: by name, in decimal, or in hexadecimal digits.
  private static func isPrivate(_ key: String) -> Bool {
    key == "IPC_PRIVATE" || (key.hasPrefix("0x") ? Int(key.dropFirst(2), radix: 16) : Int(key)) == 0
  }
}
