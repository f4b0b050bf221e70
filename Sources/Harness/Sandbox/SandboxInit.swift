import Glibc
import PeerProtocol
import SystemPackage

/// The first process in a sandbox, which executes the runner's commands line by line.
///
/// The commands arrive through a socket, because a command to start a peer passes descriptors. When the socket is
/// closed, for example because the runner was killed, the sandbox init exits, and all processes in the sandbox are
/// killed.
final class SandboxInit {
  private let process: pid_t
  private var commands: OwnedDescriptor?
  let responses: LineSource
  /// How each process terminated, by its process ID within the sandbox.
  private(set) var terminations: [Int: TerminationStatus] = [:]
  /// The terminated processes, in the order in which they were reaped.
  private(set) var ended: [Int] = []
  private let timeout: Duration
  /// The time that the runner's thread and the sandbox's processes have spent waiting for a CPU.
  private(set) var delay: SchedulingDelay
  private let start = ContinuousClock.now
  /// The time that the sandbox init took to become ready or, if that is longer, to be renewed for the current cell.
  private(set) var startup = Duration.zero
  private var initialStartup = Duration.zero
  /// The path of the peers' working directory.
  private(set) var scratch = ""
  /// The user ID under which peers run.
  private(set) var user: UInt32 = 0
  /// The user ID under which roles with `as: another-user` run.
  private(set) var anotherUser: UInt32 = 0
  /// Whether Landlock isolates the roles from each other.
  private(set) var hasLandlock = false
  /// Whether the sandbox init failed to respond in time.
  ///
  /// If so, the runner sends no more commands, because a late response would look like the response to the next
  /// command.
  private var isHung = false

  /// Starts a sandbox init, and waits until it is ready for its first command.
  init(_ settings: Sandbox.Settings, names: CellNames) throws(SandboxError) {
    timeout = settings.timeout
    var arguments = [settings.program]
    switch settings.capabilities.isolation {
    case .private: arguments.append("--private")
    case .shared: arguments += ["--token", names.token, "--first-key", "\(names.firstKey)"]
    }
    for place in settings.kept { arguments += ["--keep", place] }
    for file in settings.programs { arguments += ["--program", file] }
    let output: OwnedDescriptor
    (process, commands, output) = try Self.spawn(arguments)
    responses = LineSource(output, countsUntakenOnly: true)
    delay = SchedulingDelay(of: process)
    let ready = try response(to: "start") { _ in }
    initialStartup = start.duration(to: .now)
    startup = initialStartup
    guard let scratch = ready["scratch"], let user = ready["user"].flatMap({ UInt32($0) }),
      let anotherUser = ready["another-user"].flatMap({ UInt32($0) })
    else { throw SandboxError("the sandbox init reported no scratch directory or no users") }
    self.scratch = scratch
    self.user = user
    self.anotherUser = anotherUser
    hasLandlock = ready["landlock"] == "1"
  }

  /// Terminates the sandbox and all processes in it.
  deinit {
    commands = nil
    // The sandbox has ended when its output reaches end of file. The outermost process exits immediately afterwards.
    var limit = TimeLimit(TimeoutScaling.scaled(timeout, startup: startup), delay: delay.total)
    while !responses.isEnded, !limit.hasPassed(delay) {
      waitForInput([responses], timeout: .milliseconds(100))
    }
    if !responses.isEnded { kill(process, SIGKILL) }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
  }

  /// Prepares the sandbox for another cell; throws if that is not possible.
  ///
  /// The previous cell must have left nothing behind.
  func renew() throws(SandboxError) {
    let start = ContinuousClock.now
    _ = try perform(Request("renew"))
    terminations = [:]
    ended = []
    delay = SchedulingDelay(of: process)
    startup = max(initialStartup, start.duration(to: .now))
  }

  /// Sends a command and waits for its response.
  ///
  /// The sandbox init receives duplicates of the passed descriptors. For a command that returns a list, `item` receives
  /// each line in the list.
  func perform(
    _ command: Request, passing descriptors: [OwnedDescriptor] = [], item: (Fields) -> Void = { _ in }
  ) throws(SandboxError) -> Fields {
    if isHung { throw SandboxError("the sandbox init does not respond any more") }
    let line = Array("\(command)\n".utf8)
    guard let commands, commands.send(line, passing: descriptors, timeout: timeout) else {
      isHung = true  // the next command must not follow a part of this one
      throw SandboxError("the sandbox init is gone: \(responses.remainingLines().joined(separator: "; "))")
    }
    return try response(to: command.operation, item)
  }

  /// Reads the events that the sandbox init has reported.
  func takeEvents() {
    while let line = responses.nextLine() {
      if let words = try? Request(parsing: line), words.operation == "ended" { recordEnd(words.fields) }
    }
  }

  private func response(to command: String, _ item: (Fields) -> Void) throws(SandboxError) -> Fields {
    var limit = TimeLimit(timeout, delay: delay.total)
    while true {
      while let line = responses.nextLine() {
        guard let words = try? Request(parsing: line) else { throw SandboxError("the sandbox init wrote '\(line)'") }
        switch words.operation {
        case "ended": recordEnd(words.fields)
        case "object", "descriptor", "feature", "holder", "listener": item(words.fields)
        case "ok", "ready": return words.fields
        default:
          let fields = words.fields
          throw SandboxError(
            "\(fields["call"] ?? command) \(fields["object"] ?? ""): \(fields["reason"] ?? line)", isRefusal: true)
        }
      }
      if responses.isEnded { throw SandboxError("the sandbox init ended during the command '\(command)'") }
      if limit.hasPassed(delay) {
        isHung = true
        throw SandboxError("the sandbox init did not respond to '\(command)' within \(timeout)")
      }
      waitForInput([responses], timeout: limit.remaining())
    }
  }

  private func recordEnd(_ fields: Fields) {
    guard let pid = fields["pid"].flatMap({ Int($0) }) else { return }
    ended.append(pid)
    if let signal = fields["signal"] {
      terminations[pid] = .signal(signal)
    } else {
      terminations[pid] = .exit(fields["exit"].flatMap { Int32($0) } ?? -1)
    }
  }

  // MARK: - Starting

  /// Starts the program, and returns the runner's ends of its standard input and output.
  ///
  /// The program's own ends are closed on return, so that its output ends when it exits.
  private static func spawn(
    _ arguments: [String]
  ) throws(SandboxError) -> (process: pid_t, commands: OwnedDescriptor, output: OwnedDescriptor) {
    let input = try ChildSocket()
    let output = try ChildPipe(keeping: .reader)
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input.theirs.number, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output.writer.number, STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Use a separate process group, so that Ctrl-C at the terminal reaches only the runner, which then terminates its
    // sandboxes. With a nice value, also use a separate session: the sandbox init gives its session the same value.
    let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which <spawn.h> declares only for _GNU_SOURCE
    let isNice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) > 0
    unsafe posix_spawnattr_setflags(&attributes, isNice ? newSession : Int16(POSIX_SPAWN_SETPGROUP))
    // The backtracer of a crashed Swift peer would keep the peer's output open.
    var environment = ["SWIFT_BACKTRACE=enable=no", "LC_ALL=C"]
    for name in ["PATH", "HOME"] {
      if let value = unsafe getenv(name) { environment.append("\(name)=\(unsafe String(cString: value))") }
    }
    var words = unsafe cStrings(arguments)
    var variables = unsafe cStrings(environment)
    defer { unsafe (words + variables).forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let result = unsafe posix_spawn(&pid, arguments[0], &actions, &attributes, &words, &variables)
    if result != 0 { throw SandboxError(call: "posix_spawn", on: arguments[0], errno: result) }
    return (pid, input.ours, output.reader)
  }

  /// Copies strings to a NULL-terminated list for C; the caller frees the copies.
  private static func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
    for text in texts { unsafe pointers.append(strdup(text)) }
    unsafe pointers.append(nil)
    return unsafe pointers
  }
}
