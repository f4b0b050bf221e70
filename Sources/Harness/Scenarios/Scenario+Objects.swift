import PeerProtocol

/// The objects and features that a script needs, which determine where the script can be run.
extension Scenario {
  /// Returns the features that the machine must support.
  func requirements(_ registry: OperationRegistry) -> Set<Feature> {
    var features = Set(needs)
    for (name, value) in requests {
      guard let operation = registry[name] else { continue }
      features.formUnion(operation.requires)
      for (word, feature) in operation.requiresForWords
      where operation.takes.contains(where: { value($0)?.contains(word) == true }) {
        features.insert(feature)
      }
    }
    let hands = steps.contains { if case .hand = $0.action { true } else { false } }
    if hands { features.formUnion([.pidfdOpen, .pidfdGetfd]) }
    if createsAnonymousObjects(registry) { features.insert(.privateSandbox) }
    return features
  }

  /// Whether the script creates objects for which the kernel records no creator: System V queues or semaphore sets
  /// without a key.
  ///
  /// On a shared machine, the runner cannot distinguish such objects from the objects of other programs, so it must not
  /// remove them.
  func createsAnonymousObjects(_ registry: OperationRegistry) -> Bool {
    requests.contains { operation, value in
      guard let parameter = registry[operation]?.anonymous, let key = value(parameter) else { return false }
      return Self.isPrivate(key)
    }
  }

  /// Whether the script creates or counts objects of this kind.
  func concerns(_ kind: ObjectKind, _ registry: OperationRegistry) -> Bool {
    requests.contains { operation, _ in registry[operation]?.creates.contains(kind) == true }
      || steps.contains { step in
        guard case .objects(let counts) = step.action else { return false }
        return counts.contains { $0.kind == kind }
      }
      || roles.contains { role in
        guard case .program(_, let arguments) = role.part else { return false }
        return arguments.flatMap(\.variables).contains { $0.prefix { $0 != "-" } == kind.rawValue }
      }
  }

  /// The names of all operations that the script requests.
  var operations: Set<String> { Set(requests.map(\.operation)) }

  private var requests: [(operation: String, value: (String) -> String?)] {
    steps.compactMap { step in
      switch step.action {
      case .request(_, let template, _): (template.operation, { template[$0] })
      case .transcript(_, let request, _):
        (try? Request(parsing: request)).map { request in (request.operation, { request.fields[$0] }) }
      default: nil
      }
    }
  }

  /// Whether the key is private: `IPC_PRIVATE`, or a decimal or hexadecimal 0.
  private static func isPrivate(_ key: String) -> Bool {
    key == "IPC_PRIVATE" || (key.hasPrefix("0x") ? Int(key.dropFirst(2), radix: 16) : Int(key)) == 0
  }
}
