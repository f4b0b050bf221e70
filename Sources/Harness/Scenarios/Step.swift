import Glibc

/// One step of a script.
public struct Step: Sendable {
  /// The action to perform, and its expectation.
  public let action: Action
  /// The step's source text, as shown in reports.
  public let text: String
  /// The step's position in its file.
  public let location: SourceLocation
  /// The responses after each `~>`, which are also accepted after another role has died.
  public let expectedAfterPeerDeath: [ExpectedResponse]

  /// The kinds of steps, each with its syntax in scripts.
  public enum Action: Sendable {
    /// Requests an operation: `- sender: mq_send msg=first -> ok`.
    case request(role: String, RequestTemplate, ExpectedResponse)
    /// Sends a line unchanged, and expects a response in which `*` matches any text: a golden transcript.
    case transcript(role: String, request: String, response: String)
    /// Reads the response to an earlier request: `- receiver: -> msg=late`.
    case response(role: String, ExpectedResponse)
    /// Passes a descriptor to a role that has not started, as a parent does to a child: `- hand: {writer.r: reader.r}`.
    case hand(from: HandleReference, to: HandleReference)
    /// `kill:`, `stop:`, `continue:`, `interrupt:` or `signal:`: sends a signal to a role.
    case signal(role: String, Signal)
    /// `- end: sender`: closes the role's input, as happens when the runner exits.
    case endInput(role: String)
    /// `- wait: sender -> exit 0`: waits for the role to exit, and checks its termination status.
    case waitForEnd(role: String, TerminationStatus)
    /// `- objects: sem=1 shm=0`: checks how many objects of each kind exist and, with `mode=640`, their permissions.
    case objects([ObjectCount])
    /// `- start: reader`: starts a role's program.
    case start(role: String)
    /// `- sleeps: reader in openat`: waits until a program sleeps in a system call.
    case sleeps(role: String, systemCalls: [String])
    /// `- asleep: reader`: checks that a role has not woken since an earlier step saw it block or sleep.
    case asleep(role: String)
    /// `- calls: reader <= 64`: limits how many reads and writes a role may have made since it started.
    case calls(role: String, atMost: Int)
    /// `- ready: server fifo {fifo}`: waits until a program is ready.
    case ready(role: String, Readiness)
    /// `- feed: {client: "text"}`: writes a line to the standard input of a program.
    case feed(role: String, line: Template)
    /// `- prints: {reader: "text"}`: checks that lines on standard output, or on standard error for `prints-error`,
    /// meet these conditions in this order.
    case prints(role: String, stream: OutputStream, [LinePattern])
    /// `- output: {reader: "text\n"}`: checks that the whole standard output consists of these bytes.
    case output(role: String, Content)
    /// `- file: {PATH: "text"}`: checks that a file consists of these bytes.
    case file(path: Template, Content)
  }

  /// A program's output stream.
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

/// A role's handle, written `role.handle`.
public struct HandleReference: Sendable, Hashable, CustomStringConvertible {
  /// The role that owns the handle.
  public let role: String
  /// The name of the handle in that role's requests.
  public let handle: String

  package init(role: String, handle: String) {
    self.role = role
    self.handle = handle
  }

  /// The text as written in a script: `writer.r`.
  public var description: String { "\(role).\(handle)" }
}

/// How a process terminated: with an exit status, or by a signal.
public enum TerminationStatus: Sendable, Hashable, CustomStringConvertible {
  case exit(Int32)
  /// Termination by a signal; the value is the signal's symbolic name.
  case signal(String)
  /// Any nonzero exit status; used only in expectations.
  case failure

  /// The text as written in a script: `exit 0`, `killed SIGKILL` or `exit not 0`.
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

/// The expected number of objects of one kind in an `objects:` step, written `sem=1`.
public struct ObjectCount: Sendable, Hashable {
  /// The kind of objects to count.
  public let kind: ObjectKind
  /// The expected number of objects.
  public let count: Int
  /// The permissions that each object must have, in octal; nil for any.
  public let mode: String?

  package init(kind: ObjectKind, count: Int, mode: String? = nil) {
    self.kind = kind
    self.count = count
    self.mode = mode
  }
}
