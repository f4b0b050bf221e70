import Glibc
import PeerContract
import SystemPackage

/// The first process of a sandbox, as the harness sees it: a program that obeys, line by line.
///
/// It is given the far ends of the standard streams of every role before it starts, and goes, with everything below it,
/// when the harness closes its input, also when the harness is killed.
final class Warden {
  private let process: pid_t
  private var commands: OwnedDescriptor?
  let answers: LineSource
  /// How the processes ended of which the warden has told, by process id within the sandbox.
  private(set) var ends: [Int: End] = [:]
  private let patience: Duration
  /// It did not answer in time. What it may still say would be taken for the answer to another question.
  private var isHung = false

  /// Starts `program` with the far ends of the roles' standard input, output and error.
  init(
    program: String, isolation: Isolation, names: CellNames, keeping kept: String?, patience: Duration,
    roles: [[OwnedDescriptor]]
  ) throws(SandboxError) {
    self.patience = patience
    let input = try ChildPipe(keeping: .writer)
    let output = try ChildPipe(keeping: .reader)
    commands = input.writer
    answers = LineSource(output.reader, isAsked: true)

    var arguments = [program]
    switch isolation {
    case .private: arguments.append("--private")
    case .shared: arguments += ["--token", names.token, "--first-key", "\(names.firstKey)"]
    }
    if let kept { arguments += ["--keep", kept] }
    for streams in roles { arguments += ["--role", streams.map { "\($0.number)" }.joined(separator: ",")] }
    // A descriptor duplicated onto itself loses its close-on-exec flag in the child alone.
    let placed: [Placement] =
      [Placement(from: input.reader, to: 0), Placement(from: output.writer, to: 1)]
      + roles.joined().map { Placement(from: $0, to: $0.number) }
    process = try Self.spawn(arguments, placing: placed)
  }

  /// Ends the sandbox and everything in it.
  deinit {
    commands = nil
    // The end of its answers is the end of the sandbox; the outermost process follows at once.
    let deadline = ContinuousClock.now + patience
    while !answers.isEnded, ContinuousClock.now < deadline { waitForInput([answers], patience: .milliseconds(100)) }
    if !answers.isEnded { kill(process, SIGKILL) }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
  }

  /// Asks, and waits for the answer. Ends of processes that are told in between are noted.
  func ask(_ request: Request) throws(SandboxError) -> Fields {
    try send(request)
    return try answer(to: request.operation)
  }

  /// Waits until the warden is ready for its first command.
  func waitUntilReady() throws(SandboxError) -> Fields { try answer(to: "start") }

  /// Takes what the warden has told unasked.
  func noteEvents() {
    while let line = answers.nextLine() {
      if let words = try? Request(parsing: line), words.operation == "ended" { note(words.fields) }
    }
  }

  private func send(_ request: Request) throws(SandboxError) {
    if isHung { throw SandboxError("the warden does not answer any more") }
    guard (try? commands?.descriptor.writeAll(Array("\(request)\n".utf8))) != nil else {
      throw SandboxError("the warden is gone: \(answers.everything().joined(separator: "; "))")
    }
  }

  private func answer(to command: String) throws(SandboxError) -> Fields {
    let deadline = ContinuousClock.now + patience
    while true {
      while let line = answers.nextLine() {
        guard let words = try? Request(parsing: line) else { throw SandboxError("the warden said '\(line)'") }
        switch words.operation {
        case "ended": note(words.fields)
        case "ok", "ready": return words.fields
        default:
          let fields = words.fields
          throw SandboxError(
            "\(fields["call"] ?? command) \(fields["object"] ?? ""): \(fields["reason"] ?? line)", isRefusal: true)
        }
      }
      if answers.isEnded { throw SandboxError("the warden ended while it was to \(command)") }
      if ContinuousClock.now >= deadline {
        isHung = true
        throw SandboxError("the warden did not \(command) within \(patience)")
      }
      waitForInput([answers], patience: deadline - .now)
    }
  }

  private func note(_ fields: Fields) {
    guard let pid = fields["pid"].flatMap({ Int($0) }) else { return }
    if let signal = fields["signal"] {
      ends[pid] = .signal(signal)
    } else {
      ends[pid] = .exit(fields["exit"].flatMap { Int32($0) } ?? -1)
    }
  }

  private struct Placement {
    let from: OwnedDescriptor
    let to: Int32
  }

  private static func spawn(_ arguments: [String], placing placed: [Placement]) throws(SandboxError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for place in placed { unsafe posix_spawn_file_actions_adddup2(&actions, place.from.number, place.to) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // Its own group: a Ctrl-C at the terminal is for the harness, which then ends its sandboxes in order.
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

    // The backtracer of a crashed Swift peer would stay behind and hold its output open.
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
    return pid
  }

  /// Copies for C, with the NULL that ends a list; whoever asks frees them.
  private static func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
    for text in texts { unsafe pointers.append(strdup(text)) }
    unsafe pointers.append(nil)
    return unsafe pointers
  }
}

/// Sleeps until one of `sources` has something to read, and reads it; at most for `patience`.
func waitForInput(_ sources: [LineSource], patience: Duration) {
  let open = sources.filter { !$0.isEnded }
  var polled = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  guard unsafe poll(&polled, nfds_t(polled.count), milliseconds(patience)) > 0 else { return }
  for (source, entry) in zip(open, polled) where entry.revents != 0 { source.receive() }
}

/// For `poll(2)`: rounded up, so that a wait does not end early and begin anew in vain.
private func milliseconds(_ patience: Duration) -> Int32 {
  let (seconds, attoseconds) = max(patience, .zero).components
  return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
