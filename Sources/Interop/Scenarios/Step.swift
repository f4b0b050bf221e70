/// One line of a script.
public struct Step: Sendable {
  public let action: Action
  /// As it stands in the file, for people.
  public let text: String
  public let location: SourceLocation
  /// What may come instead once another role has died in the middle of its script: what stands behind each `~>`.
  public let bereaved: [Expected]

  public enum Action: Sendable {
    /// Asks a role to perform an operation: `- sender: mq_send msg=first -> ok`.
    case request(role: String, RequestTemplate, Expected)
    /// Asks a line as it stands, and demands an answer in which `*` stands for any text: a golden transcript.
    case transcript(role: String, asked: String, answered: String)
    /// Takes the answer to what a role was asked before: `- receiver: -> msg=late`.
    case answer(role: String, Expected)
    /// Hands a descriptor that one role holds to another that has not started yet, as a parent does to a child:
    /// `- hand: {writer.r: reader.r}`.
    case hand(from: HandleReference, to: HandleReference)
    /// `kill:`, `stop:`, `continue:`, and `interrupt:`, which is a SIGUSR1.
    case signal(role: String, Signal)
    /// `- end: sender`: the role's input ends, as its harness's death would end it.
    case endInput(role: String)
    /// `- wait: sender -> exit 0`.
    case waitForEnd(role: String, End)
    /// `- census: sem=1 shm=0`: how many objects of a kind the kernel must have at this point.
    case census([CensusExpectation])
    /// `- start: reader`: starts the program of a role.
    case start(role: String)
    /// `- sleeps: reader in openat`: a program is seen asleep in a system call.
    case sleeps(role: String, systemCalls: [String])
    /// `- prints: {reader: "text"}`: a line of standard output, or of standard error for `complains`, contains the text.
    case prints(role: String, stream: OutputStream, text: Template)
  }

  public enum OutputStream: Sendable { case standardOutput, standardError }

  package init(action: Action, text: String, location: SourceLocation, bereaved: [Expected] = []) {
    self.action = action
    self.text = text
    self.location = location
    self.bereaved = bereaved
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
  public let role: String
  public let handle: String

  package init(role: String, handle: String) {
    self.role = role
    self.handle = handle
  }

  public var description: String { "\(role).\(handle)" }
}

/// How a process ended.
public enum End: Sendable, Hashable, CustomStringConvertible {
  case exit(Int32)
  /// By a signal, given as its symbol.
  case signal(String)
  /// With any status but 0.
  case failure

  public var description: String {
    switch self {
    case .exit(let status): "exit \(status)"
    case .signal(let name): "killed \(name)"
    case .failure: "exit not 0"
    }
  }
}

/// `sem=1`: how many objects of that kind there must be.
public struct CensusExpectation: Sendable, Hashable {
  public let kind: ObjectKind
  public let count: Int

  package init(kind: ObjectKind, count: Int) {
    self.kind = kind
    self.count = count
  }
}

/// The kinds of objects that a cell could leave behind, by the names that `census:` takes.
public enum ObjectKind: String, Sendable, CaseIterable, Codable {
  case sharedMemory = "shm"
  case semaphores = "sem"
  case messages = "msg"
  case messageQueue = "mq"
  /// A file in `/dev/shm`: POSIX shared memory, or a named semaphore.
  case posixSharedMemory = "posix-shm"
  case fifo
  case socket
  /// Any other file.
  case file
  case abstractSocket = "abstract"
  case process
}
