import Glibc
import PeerProtocol
import SystemPackage

/// A sandbox init, and the runner's ends of the standard streams of every role in it.
final class Sandbox {
  /// The working directory of the peers, whose files a snapshot lists.
  let scratch: String
  let streams: [RoleStreams]
  var isolation: Isolation { capabilities.isolation }

  /// Whether a process is the runner itself, which a sandbox without a PID namespace sees.
  func isRunner(_ pid: Int?) -> Bool { isolation == .shared && pid == Int(getpid()) }
  /// The time until the sandbox init was ready, which shows how busy the machine is.
  let startup: Duration
  private let sandboxInit: SandboxInit
  private let capabilities: SandboxCapabilities
  private let kept: String?

  /// The runner's ends for one role.
  struct RoleStreams {
    let input: LineSink
    let output: LineSource
    let error: LineSource
  }

  /// Settings that all sandboxes of a run share.
  struct Settings: Sendable {
    /// The path of the sandbox init.
    let program: String
    let capabilities: SandboxCapabilities
    /// A directory that stays visible when `/tmp` is replaced.
    let kept: String?
    /// How long the sandbox init may take to respond.
    var timeout = Duration.seconds(10)

    /// The program that changes the system calls of a role, beside the sandbox init.
    var tracer: String { FilePath(program).removingLastComponent().appending("short-transfer").string }
  }

  init(_ settings: Settings, names: CellNames, roles: Int) throws(SandboxError) {
    capabilities = settings.capabilities
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
    sandboxInit = try SandboxInit(
      program: settings.program, isolation: settings.capabilities.isolation, names: names, keeping: settings.kept,
      timeout: settings.timeout, roles: farEnds)
    guard let scratch = try sandboxInit.waitUntilReady()["scratch"] else {
      throw SandboxError("the sandbox init reported no scratch directory")
    }
    self.scratch = scratch
    startup = start.duration(to: .now)
  }

  /// Waits until a role or the sandbox init writes something, at most for `timeout`.
  func wait(_ timeout: Duration) throws(SandboxError) {
    waitForInput(streams.flatMap { [$0.output, $0.error] } + [sandboxInit.responses], timeout: timeout)
    sandboxInit.takeEvents()
    // Every role ended because the sandbox init ended.
    if sandboxInit.responses.isEnded { throw SandboxError("the sandbox init ended before its cell") }
  }

  // MARK: - Processes

  /// How a process ended; nil while it runs.
  func terminationStatus(of pid: Int) -> TerminationStatus? {
    sandboxInit.takeEvents()
    return sandboxInit.terminations[pid]
  }

  /// Starts `command` as a role, with its inherited descriptors as 3, 4, and so on.
  func spawn(role: Int, command: [String], inheriting: [Int], asAnotherUser: Bool) throws(SandboxError) -> Int {
    var fields = Fields()
    fields.append("role", role)
    fields.append("argv", bytes: command.joined(separator: "\0").utf8)
    if asAnotherUser { fields.append("another-user", 1) }
    if !inheriting.isEmpty { fields.append("inherit", inheriting.map(String.init).joined(separator: ",")) }
    let response: Fields
    do { response = try sandboxInit.perform(Request("spawn", fields)) } catch {
      throw SandboxError("\(error)\(hint(onHidden: command[0]))", isRefusal: error.isRefusal)
    }
    return try number("pid", response)
  }

  /// Why a program that exists may not be found: where `/tmp` is replaced, only `kept` is still visible.
  private func hint(onHidden program: String) -> String {
    let isVisible =
      isolation == .shared || !program.hasPrefix("/tmp/") || kept.map { program.hasPrefix("\($0)/") } == true
    return isVisible ? "" : "; a sandbox has its own /tmp, which does not contain it: move the program elsewhere"
  }

  func signal(_ signal: Signal, to pid: Int) throws(SandboxError) {
    let numbers: [Signal: Int32] = [.kill: SIGKILL, .stop: SIGSTOP, .continue: SIGCONT, .interrupt: SIGUSR1]
    _ = try perform("signal", pid, ("signum", Int(numbers[signal] ?? SIGKILL)))
  }

  func processState(of pid: Int, withStack: Bool = false) throws(SandboxError) -> ProcessState {
    ProcessState(try perform("state", pid, ("stack", withStack ? 1 : 0)))
  }

  /// How many reads and writes a process has made.
  func transfers(of pid: Int) throws(SandboxError) -> Int { try number("calls", try perform("transfers", pid)) }

  /// An open descriptor of a process.
  struct OpenFile {
    let number: Int
    /// The file, as `/proc` names it: `pipe:[81]`, `/tmp/x`.
    let target: String
    let isPipe: Bool
    let reads: Bool
    let writes: Bool
  }

  func openFiles(of pid: Int) throws(SandboxError) -> [OpenFile] {
    var files: [OpenFile] = []
    _ = try perform("descriptors", pid) { fields in
      guard let number = fields["fd"].flatMap({ Int($0) }) else { return }
      let access = fields["access"] ?? ""
      files.append(
        OpenFile(
          number: number, target: fields["target"] ?? "", isPipe: fields["pipe"] == "yes", reads: access.contains("r"),
          writes: access.contains("w")))
    }
    return files
  }

  /// The open descriptors of a process, and the file of each of them.
  func descriptors(of pid: Int) throws(SandboxError) -> [Int: String] {
    Dictionary(try openFiles(of: pid).map { ($0.number, $0.target) }) { first, _ in first }
  }

  /// Duplicates a process's descriptor for another process to inherit.
  func take(descriptor: Int, of pid: Int) throws(SandboxError) -> Int {
    try number("fd", try perform("take", pid, ("fd", descriptor)))
  }

  /// The processes that have the other end of an output open.
  func holders(of output: LineSource) throws(SandboxError) -> [KernelObject] {
    var fields = Fields()
    fields.append("inode", output.inode)
    var holders: [KernelObject] = []
    _ = try sandboxInit.perform(Request("holders", fields)) { fields in
      let pid = fields["pid"].flatMap { Int($0) }
      holders.append(KernelObject(kind: .process, name: fields["name"], id: pid))
    }
    return holders
  }

  // MARK: - Objects

  /// Every object that the kernel has in this sandbox or, if it is shared, on this machine.
  func snapshot() throws(SandboxError) -> ResourceSnapshot {
    let (snapshot, unobservable) = try list()
    let unexpected = unobservable.subtracting(capabilities.unobservableKinds)
    guard unexpected.isEmpty else {
      let names = unexpected.map(\.rawValue).sorted().joined(separator: ", ")
      throw SandboxError("a snapshot does not list \(names) any more")
    }
    return snapshot
  }

  /// The kinds of objects that no snapshot lists here.
  func unobservableKinds() throws(SandboxError) -> Set<ObjectKind> { try list().unobservable }

  /// The features that the machine lacks, as the peers in this sandbox would find them.
  func missingFeatures() throws(SandboxError) -> [Feature: String] {
    var tried: Set<Feature> = []
    var missing: [Feature: String] = [:]
    _ = try sandboxInit.perform(Request("features", Fields())) { fields in
      guard let feature = fields["name"].flatMap(Feature.init) else { return }
      tried.insert(feature)
      if let errno = fields["errno"] { missing[feature] = "here \(errno)" }
    }
    let untried = Set(Feature.allCases).subtracting(tried).subtracting(Feature.ofTheRun)
    guard untried.isEmpty else {
      throw SandboxError("the sandbox init did not try \(untried.map(\.rawValue).sorted().joined(separator: ", "))")
    }
    return missing
  }

  private func list() throws(SandboxError) -> (snapshot: ResourceSnapshot, unobservable: Set<ObjectKind>) {
    var objects: Set<KernelObject> = []
    var unknown: String?
    let end = try sandboxInit.perform(Request("snapshot")) { fields in
      if let object = KernelObject(fields) { objects.insert(object) } else { unknown = fields["kind"] ?? "" }
    }
    var unobservable: Set<ObjectKind> = []
    for name in (end["unobservable"] ?? "").split(separator: ",") {
      guard let kind = ObjectKind(rawValue: String(name)) else {
        unknown = String(name)
        continue
      }
      unobservable.insert(kind)
    }
    if let unknown { throw SandboxError("the sandbox init reports an unknown kind of object, '\(unknown)'") }
    return (ResourceSnapshot(objects: objects), unobservable)
  }

  // MARK: - Commands

  private func perform(
    _ command: String, _ pid: Int, _ more: (String, Int)..., item: (Fields) -> Void = { _ in }
  ) throws(SandboxError) -> Fields {
    var fields = Fields()
    fields.append("pid", pid)
    for (key, value) in more { fields.append(key, value) }
    return try sandboxInit.perform(Request(command, fields), item: item)
  }

  private func number(_ key: String, _ fields: Fields) throws(SandboxError) -> Int {
    guard let number = fields[key].flatMap({ Int($0) }) else {
      throw SandboxError("the sandbox init reported no \(key)")
    }
    return number
  }
}
