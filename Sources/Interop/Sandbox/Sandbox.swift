import Glibc
import PeerContract
import SystemPackage

/// A warden, and the harness's ends of the streams of every role in its care.
final class Sandbox {
  /// The directory in which peers start, whose files the census counts.
  let scratch: String
  let streams: [RoleStreams]
  var isolation: Isolation { surroundings.isolation }
  /// How long it took until the warden was ready: what this machine is like just now.
  let startup: Duration
  private let warden: Warden
  private let surroundings: Surroundings
  private let kept: String?

  /// The harness's ends for one role.
  struct RoleStreams {
    let input: LineSink
    let output: LineSource
    let error: LineSource
  }

  /// What a process is doing, as `/proc` says.
  struct Look: CustomStringConvertible {
    let state: String
    let systemCall: String
    let firstArgument: Int
    let hasPendingSignal: Bool
    /// The process that traces it; nil when none does.
    let tracer: Int?
    let stack: String?

    var isAsleep: Bool { state == "S" }
    /// In a read of its standard input: a peer that has nothing to do.
    var isWaitingForInput: Bool { systemCall == "read" && firstArgument == 0 }

    var description: String {
      let activity = Int(systemCall) == nil ? systemCall : "system call \(systemCall)"
      return "state \(state), in \(activity)" + (stack.map { "\n\($0)" } ?? "")
    }
  }

  init(_ settings: Settings, names: CellNames, roles: Int) throws(SandboxError) {
    surroundings = settings.surroundings
    kept = settings.kept
    var streams: [RoleStreams] = []
    var farEnds: [[OwnedDescriptor]] = []
    for _ in 0..<roles {
      let (input, output, error) = (
        try ChildPipe(keeping: .writer), try ChildPipe(keeping: .reader), try ChildPipe(keeping: .reader)
      )
      streams.append(
        RoleStreams(input: LineSink(input.writer), output: LineSource(output.reader), error: LineSource(error.reader)))
      farEnds.append([input.reader, output.writer, error.writer])
    }
    self.streams = streams
    let start = ContinuousClock.now
    warden = try Warden(
      program: settings.warden, isolation: settings.surroundings.isolation, names: names, keeping: settings.kept,
      patience: settings.patience, roles: farEnds)
    guard let scratch = try warden.waitUntilReady()["scratch"] else {
      throw SandboxError("the warden told no scratch directory")
    }
    self.scratch = scratch
    startup = start.duration(to: .now)
  }

  /// What all sandboxes of a run have in common.
  struct Settings: Sendable {
    let warden: String
    let surroundings: Surroundings
    /// A directory that stays visible when `/tmp` is replaced.
    let kept: String?
    /// How long the warden may take to answer.
    var patience = Duration.seconds(10)
  }

  /// Waits until something comes from any role or from the warden, at most for `patience`.
  func wait(_ patience: Duration) throws(SandboxError) {
    waitForInput(streams.flatMap { [$0.output, $0.error] } + [warden.answers], patience: patience)
    warden.noteEvents()
    // It took every role with it, and none of them is to blame.
    if warden.answers.isEnded { throw SandboxError("the warden ended before its cell") }
  }

  /// How a process ended; nil while it lives.
  func end(of pid: Int) -> End? {
    warden.noteEvents()
    return warden.ends[pid]
  }

  /// Starts `command` as a role, with taken descriptors as its 3, 4, and so on.
  func spawn(role: Int, command: [String], inheriting: [Int], asAnotherUser: Bool) throws(SandboxError) -> Int {
    var fields = Fields()
    fields.append("role", role)
    fields.append("argv", bytes: command.joined(separator: "\0").utf8)
    if asAnotherUser { fields.append("another-user", 1) }
    if !inheriting.isEmpty { fields.append("inherit", inheriting.map(String.init).joined(separator: ",")) }
    let answer: Fields
    do { answer = try warden.ask(Request("spawn", fields)) } catch {
      throw SandboxError("\(error)\(clause(onHidden: command[0]))", isRefusal: error.isRefusal)
    }
    guard let pid = answer["pid"].flatMap({ Int($0) }) else { throw SandboxError("the warden told no process id") }
    return pid
  }

  /// Why a program that is there may not be found: only `kept` is still seen where `/tmp` is replaced.
  private func clause(onHidden program: String) -> String {
    let isSeen = isolation == .shared || !program.hasPrefix("/tmp/") || kept.map { program.hasPrefix("\($0)/") } == true
    return isSeen ? "" : "; a sandbox has a /tmp of its own, in which it is not: put the program elsewhere"
  }

  func signal(_ signal: Signal, to pid: Int) throws(SandboxError) {
    let numbers: [Signal: Int32] = [.kill: SIGKILL, .stop: SIGSTOP, .continue: SIGCONT, .interrupt: SIGUSR1]
    _ = try warden.ask(request("signal", pid, ("signum", Int(numbers[signal] ?? SIGKILL))))
  }

  func look(at pid: Int, withStack: Bool = false) throws(SandboxError) -> Look {
    let answer = try warden.ask(request("look", pid, ("stack", withStack ? 1 : 0)))
    return Look(
      state: answer["state"] ?? "?", systemCall: answer["syscall"] ?? "?",
      firstArgument: answer["arg0"].flatMap { Int($0) } ?? -1, hasPendingSignal: answer["pending"] == "yes",
      tracer: answer["tracer"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }, stack: answer["stack"])
  }

  /// The descriptors that a process holds, with what each is.
  func descriptors(of pid: Int) throws(SandboxError) -> [Int: String] {
    var descriptors: [Int: String] = [:]
    for item in try list(try warden.ask(request("descriptors", pid)), "list") {
      let words = item.split(separator: " ", maxSplits: 1)
      if let number = words.first.flatMap({ Int($0) }) { descriptors[number] = words.count > 1 ? String(words[1]) : "" }
    }
    return descriptors
  }

  /// Takes a duplicate of a process's descriptor, for another process to inherit.
  func take(descriptor: Int, of pid: Int) throws(SandboxError) -> Int {
    let answer = try warden.ask(request("take", pid, ("fd", descriptor)))
    guard let number = answer["fd"].flatMap({ Int($0) }) else { throw SandboxError("the warden told no descriptor") }
    return number
  }

  /// Every object that the kernel has in this sandbox, or, when it is shared, on this machine.
  func census() throws(SandboxError) -> Census {
    let answer = try warden.ask(Request("census"))
    let unseen = try unseen(answer).subtracting(surroundings.unseen)
    guard unseen.isEmpty else {
      throw SandboxError("the census does not see any more: \(unseen.map(\.rawValue).sorted().joined(separator: ", "))")
    }
    return Census(objects: try list(answer, "objects"))
  }

  /// The kinds of objects that no census sees here.
  func unseen() throws(SandboxError) -> Set<ObjectKind> { try unseen(try warden.ask(Request("census"))) }

  private func unseen(_ answer: Fields) throws(SandboxError) -> Set<ObjectKind> {
    var unseen: Set<ObjectKind> = []
    for name in try list(answer, "unseen") {
      guard let kind = ObjectKind(rawValue: name) else { throw SandboxError("the warden does not see '\(name)'") }
      unseen.insert(kind)
    }
    return unseen
  }

  private func request(_ operation: String, _ pid: Int, _ more: (String, Int)...) -> Request {
    var fields = Fields()
    fields.append("pid", pid)
    for (key, value) in more { fields.append(key, value) }
    return Request(operation, fields)
  }

  private func list(_ fields: Fields, _ key: String) throws(SandboxError) -> [String] {
    guard let list = fields[key] else { throw SandboxError("the warden told no \(key)") }
    return list.split(separator: "\0").map(String.init)
  }
}
