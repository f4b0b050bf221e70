import Glibc

/// One step of a script.
public struct Step: Sendable {
  /// The action to perform, with its expectation.
  public let action: Action
  /// The text of the step in the file, which reports show.
  public let text: String
  /// The position of the step in its file.
  public let location: SourceLocation
  /// The responses after each `~>`, which are also accepted after another role died.
  public let expectedAfterPeerDeath: [ExpectedResponse]

  /// The kinds of steps, each with the form in which scripts write it.
  public enum Action: Sendable {
    /// Requests an operation: `- sender: mq_send msg=first -> ok`.
    case request(role: String, RequestTemplate, ExpectedResponse)
    /// Sends a line unchanged, and expects a response in which `*` matches any text: a golden transcript.
    case transcript(role: String, request: String, response: String)
    /// Reads the response to an earlier request: `- receiver: -> msg=late`.
    case response(role: String, ExpectedResponse)
    /// Passes a descriptor of one role to another that has not started, as a parent does to a child:
    /// `- hand: {writer.r: reader.r}`.
    case hand(from: HandleReference, to: HandleReference)
    /// `kill:`, `stop:`, `continue:`, `interrupt:` or `signal:`: sends a signal to a role.
    case signal(role: String, Signal)
    /// `- end: sender`: closes the role's input, as happens if the runner ends.
    case endInput(role: String)
    /// `- wait: sender -> exit 0`: waits until the role has ended in this way.
    case waitForEnd(role: String, TerminationStatus)
    /// `- objects: sem=1 shm=0`: checks how many objects of each kind exist, and with `mode=640` their permissions.
    case objects([ObjectCount])
    /// `- start: reader`: starts the program of a role.
    case start(role: String)
    /// `- sleeps: reader in openat`: waits until a program sleeps in a system call.
    case sleeps(role: String, systemCalls: [String])
    /// `- asleep: reader`: a role that was seen to block or sleep has not woken since.
    case asleep(role: String)
    /// `- calls: reader <= 64`: how many reads and writes a role may have made since it started.
    case calls(role: String, atMost: Int)
    /// `- ready: server fifo {fifo}`: waits until a program is ready.
    case ready(role: String, Readiness)
    /// `- feed: {client: "text"}`: writes a line to the standard input of a program.
    case feed(role: String, line: Template)
    /// `- prints: {reader: "text"}`: lines of standard output, or of standard error for `prints-error`, meet these
    /// conditions in this order.
    case prints(role: String, stream: OutputStream, [LinePattern])
    /// `- output: {reader: "text\n"}`: the whole standard output consists of these bytes.
    case output(role: String, Content)
    /// `- file: {PATH: "text"}`: a file consists of these bytes.
    case file(path: Template, Content)
  }

  /// An output stream of a program.
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
  case abort = "SIGABRT"
  case alarm = "SIGALRM"
  case child = "SIGCHLD"
  case hangUp = "SIGHUP"
  case illegalInstruction = "SIGILL"
  case keyboardInterrupt = "SIGINT"
  case io = "SIGIO"
  case pipe = "SIGPIPE"
  case quit = "SIGQUIT"
  case segmentationFault = "SIGSEGV"
  case terminalStop = "SIGTSTP"
  case terminate = "SIGTERM"
  case userDefined2 = "SIGUSR2"
  case windowChange = "SIGWINCH"
  case bus = "SIGBUS"
  case floatingPoint = "SIGFPE"

  /// The signal number on this machine.
  var number: Int32 {
    switch self {
    case .kill: SIGKILL
    case .stop: SIGSTOP
    case .continue: SIGCONT
    case .interrupt: SIGUSR1
    case .abort: SIGABRT
    case .alarm: SIGALRM
    case .child: SIGCHLD
    case .hangUp: SIGHUP
    case .illegalInstruction: SIGILL
    case .keyboardInterrupt: SIGINT
    case .io: SIGIO
    case .pipe: SIGPIPE
    case .quit: SIGQUIT
    case .segmentationFault: SIGSEGV
    case .terminalStop: SIGTSTP
    case .terminate: SIGTERM
    case .userDefined2: SIGUSR2
    case .windowChange: SIGWINCH
    case .bus: SIGBUS
    case .floatingPoint: SIGFPE
    }
  }
}

/// A handle of a role, written `role.handle`.
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

/// How a process ended: with an exit status, or by a signal.
public enum TerminationStatus: Sendable, Hashable, CustomStringConvertible {
  case exit(Int32)
  /// By a signal, given as its symbol.
  case signal(String)
  /// With any exit status except 0. Only expectations use it.
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

/// The number of objects of one kind that an `objects:` step expects, written `sem=1`.
public struct ObjectCount: Sendable, Hashable {
  /// The kind of objects that are counted.
  public let kind: ObjectKind
  /// The expected number of objects.
  public let count: Int
  /// The permissions that each of them must have, as octal digits; nil for any.
  public let mode: String?

  package init(kind: ObjectKind, count: Int, mode: String? = nil) {
    self.kind = kind
    self.count = count
    self.mode = mode
  }
}
