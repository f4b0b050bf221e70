/// One line of a script.
public struct Step: Sendable {
  /// The action of the step.
  public let action: Action
  /// The line of the file, for display.
  public let text: String
  /// The place of the step in its file.
  public let location: SourceLocation
  /// The responses that are also accepted after another role died in the middle of its script: those after each `~>`.
  public let expectedAfterPeerDeath: [ExpectedResponse]

  /// The action of a step, with its expectation.
  public enum Action: Sendable {
    /// Requests an operation: `- sender: mq_send msg=first -> ok`.
    case request(role: String, RequestTemplate, ExpectedResponse)
    /// Sends a line unchanged, and expects a response in which `*` matches any text: a golden transcript.
    case transcript(role: String, request: String, response: String)
    /// Takes the response to an earlier request: `- receiver: -> msg=late`.
    case response(role: String, ExpectedResponse)
    /// Passes a descriptor of one role to another that has not started, as a parent does to a child:
    /// `- hand: {writer.r: reader.r}`.
    case hand(from: HandleReference, to: HandleReference)
    /// `kill:`, `stop:`, `continue:`, and `interrupt:`, which is a SIGUSR1.
    case signal(role: String, Signal)
    /// `- end: sender`: ends the role's input, as the end of the runner would.
    case endInput(role: String)
    /// `- wait: sender -> exit 0`.
    case waitForEnd(role: String, TerminationStatus)
    /// `- objects: sem=1 shm=0`: how many objects of a kind the kernel must have at this point.
    case objects([ObjectCount])
    /// `- start: reader`: starts the program of a role.
    case start(role: String)
    /// `- sleeps: reader in openat`: a program is seen asleep in a system call.
    case sleeps(role: String, systemCalls: [String])
    /// `- asleep: reader`: a role that was seen to block or sleep has not woken since.
    case asleep(role: String)
    /// `- calls: reader <= 64`: how many reads and writes a role may have made since it started.
    case calls(role: String, atMost: Int)
    /// `- prints: {reader: "text"}`: a line of standard output, or of standard error for `prints-error`, contains the
    /// text.
    case prints(role: String, stream: OutputStream, text: Template)
  }

  /// A stream that a program prints to.
  public enum OutputStream: Sendable { case standardOutput, standardError }

  package init(
    action: Action, text: String, location: SourceLocation, expectedAfterPeerDeath: [ExpectedResponse] = []
  ) {
    self.action = action
    self.text = text
    self.location = location
    self.expectedAfterPeerDeath = expectedAfterPeerDeath
  }
}

/// The signals that a scenario may send.
public enum Signal: String, Sendable, CaseIterable {
  case kill = "SIGKILL"
  case stop = "SIGSTOP"
  case `continue` = "SIGCONT"
  case interrupt = "SIGUSR1"
}

/// `role.handle`.
public struct HandleReference: Sendable, Hashable, CustomStringConvertible {
  /// The role that owns the handle.
  public let role: String
  /// The name of the handle in the requests of that role.
  public let handle: String

  package init(role: String, handle: String) {
    self.role = role
    self.handle = handle
  }

  /// The text in a script: `writer.r`.
  public var description: String { "\(role).\(handle)" }
}

/// How a process ended.
public enum TerminationStatus: Sendable, Hashable, CustomStringConvertible {
  case exit(Int32)
  /// By a signal, given as its symbol.
  case signal(String)
  /// With any exit status except 0. Only expectations use this case.
  case failure

  /// The text in a script: `exit 0`, `killed SIGKILL` or `exit not 0`.
  public var description: String {
    switch self {
    case .exit(let status): "exit \(status)"
    case .signal(let name): "killed \(name)"
    case .failure: "exit not 0"
    }
  }

  func satisfies(_ expected: TerminationStatus) -> Bool {
    guard case .failure = expected else { return self == expected }
    return if case .exit(let status) = self { status != 0 } else { false }
  }
}

/// `sem=1`: how many objects of a kind there must be.
public struct ObjectCount: Sendable, Hashable {
  /// The kind of the objects.
  public let kind: ObjectKind
  /// How many there must be.
  public let count: Int

  package init(kind: ObjectKind, count: Int) {
    self.kind = kind
    self.count = count
  }
}
