extension Cell.Injection: CustomStringConvertible {
  /// The call and the fault: `write.1 in writer's write_all: transferred 1 byte`.
  public var description: String {
    let place = operation.map { "\(role)'s \($0)" } ?? role
    return "\(call).\(occurrence) in \(place): \(fault.effect)"
  }
}

extension Cell.Injection {
  /// Parses the end of a cell id that the user has entered, such as `writer:3:write,write.1,EINTR]`.
  ///
  /// Returns nil if the cell injects nothing into an operation.
  init?(cell id: String) {
    guard
      let found = id.firstMatch(of: /[\[,]([\w\-]+):(\d+):(\w+),(\w+)\.(\d+),([\w\-]+)\]$/)?.output,
      let request = Int(found.2), let occurrence = Int(found.5), let fault = InjectedFault(rawValue: String(found.6))
    else { return nil }
    self.init(
      role: String(found.1), request: request, operation: String(found.3), call: String(found.4),
      occurrence: occurrence, fault: fault)
  }
}

extension InjectedFault {
  /// The effect on the system call or the peer, in the past tense.
  fileprivate var effect: String {
    switch self {
    case .killedBefore: "the peer was killed before the call"
    case .killedAfter: "the peer was killed after the call"
    case .short: "transferred 1 byte"
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace: "failed with \(rawValue)"
    }
  }
}
