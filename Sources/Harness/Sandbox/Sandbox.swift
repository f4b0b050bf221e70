import Glibc
import PeerProtocol
import SystemPackage

/// A running sandbox: its sandbox init, and the runner's ends of its roles' standard streams.
final class Sandbox {
  /// The path of the peers' working directory.
  ///
  /// Snapshots list the files in this directory.
  var scratch: String { sandboxInit.scratch }
  let streams: [RoleStreams]
  /// The user ID under which peers run.
  var user: UInt32 { sandboxInit.user }
  /// Whether Landlock isolates the roles from each other.
  var hasLandlock: Bool { sandboxInit.hasLandlock }
  var isolation: Isolation { capabilities.isolation }

  /// Returns whether a process is the runner itself, which is visible in a sandbox without a PID namespace.
  func isRunner(_ pid: Int?) -> Bool { isolation == .shared && pid == Int(getpid()) }

  /// Returns the user ID under which a role runs.
  func userID(of role: Role) -> UInt32 {
    switch role.user {
    case nil: user
    case .anotherUser: sandboxInit.anotherUser
    case .root: 0
    }
  }

  /// The time that the sandbox init took to become ready: a measure of how busy the machine is.
  var startup: Duration { sandboxInit.startup }
  /// The time that the processes have spent waiting for a CPU.
  var delay: SchedulingDelay { sandboxInit.delay }
  private let sandboxInit: SandboxInit
  private let capabilities: SandboxCapabilities
  private let kept: [String]
  private let pool: SandboxPool
  /// The roles' ends of their standard streams, and of their recorders' pipes, until the roles are started.
  private var farEnds: [[OwnedDescriptor]]
  /// Whether the sandbox is as it was before the cell, so that another cell can use it.
  private var isReusable = false

  /// The runner's ends of one role's standard streams.
  struct RoleStreams {
    let input: LineSink
    let output: LineSource
    let error: LineSource
    /// The recorder's events; nil if the role is not recorded.
    var trace: LineSource?
  }

  /// The maximum size of one role's events in bytes; the recorder reports at most 8 MiB of payload, percent-encoded.
  private static let maximumTrace = 1 << 26

  /// The settings shared by all sandboxes in a run.
  struct Settings: Sendable {
    /// The path of the sandbox init program.
    let program: String
    let capabilities: SandboxCapabilities
    /// The paths of directories and files that stay visible inside a replaced directory.
    var kept: [String] = []
    /// Files that the peers' user must be able to read: the programs, and the scripts that interpreters execute.
    var programs: [String] = []
    /// The time that the sandbox init may take to respond.
    var timeout = usualTimeout
    /// The usual ``timeout``.
    static let usualTimeout = Duration.seconds(10)
    let pool = SandboxPool()

    /// The program that modifies a role's system calls, in the same directory as the sandbox init.
    var tracer: String { FilePath(program).removingLastComponent().appending("short-transfer").string }
    /// The program that records a role's actions, in the same directory as the sandbox init.
    var recorder: String { FilePath(program).removingLastComponent().appending("wire-recorder").string }
  }

  init(_ settings: Settings, names: CellNames, roles: Int, recording: Bool = false) throws(SandboxError) {
    capabilities = settings.capabilities
    kept = settings.kept
    pool = settings.pool
    var streams: [RoleStreams] = []
    farEnds = []
    for _ in 0..<roles {
      let (input, output, error) = (
        try ChildPipe(keeping: .writer), try ChildPipe(keeping: .reader), try ChildPipe(keeping: .reader)
      )
      let trace = recording ? try ChildPipe(keeping: .reader) : nil
      streams.append(
        RoleStreams(
          input: LineSink(input.writer), output: LineSource(output.reader), error: LineSource(error.reader),
          trace: trace.map { LineSource($0.reader, limit: Self.maximumTrace) }))
      farEnds.append([input.reader, output.writer, error.writer] + (trace.map { [$0.writer] } ?? []))
    }
    self.streams = streams
    if let idle = settings.pool.take() {
      sandboxInit = idle
    } else {
      sandboxInit = try SandboxInit(settings, names: names)
    }
  }

  deinit { if isReusable { pool.add(sandboxInit) } }

  /// Lets another cell use the sandbox after this one; the caller has checked that no object or process is left.
  ///
  /// The snapshots do not list what a peer creates in a directory that leads to a path in `kept`.
  func allowReuse() {
    let leadsToKept = kept.contains { path in Self.replacedDirectories.contains { path.hasPrefix("\($0)/") } }
    isReusable = isolation == .private && !leadsToKept
  }

  /// Waits for up to `timeout` until a role or the sandbox init writes output.
  func wait(_ timeout: Duration) throws(SandboxError) {
    waitForInput(
      streams.flatMap { [$0.output, $0.error] + ($0.trace.map { [$0] } ?? []) } + [sandboxInit.responses],
      timeout: timeout)
    sandboxInit.takeEvents()
    // If the sandbox init exits, the kernel kills all roles. Therefore, their deaths are not failures of the peers.
    if sandboxInit.responses.isEnded { throw SandboxError("the sandbox init ended before its cell") }
  }

  // MARK: - Processes

  /// Returns how a process terminated; nil while it is running.
  func terminationStatus(of pid: Int) -> TerminationStatus? {
    sandboxInit.takeEvents()
    return sandboxInit.terminations[pid]
  }

  /// Returns how many processes terminated before this process did; nil while it is running.
  func positionOfEnd(of pid: Int) -> Int? {
    sandboxInit.takeEvents()
    return sandboxInit.ended.firstIndex(of: pid)
  }

  /// Starts `command` as a role, with the inherited descriptors numbered from 3.
  ///
  /// If the role is traced, it also inherits the recorder's end of its pipe, as the last descriptor.
  ///
  /// The variables, of the form `NAME=VALUE`, are added to the environment. The role starts in `directory` or, if that
  /// is nil, in the scratch directory. If `processor` is not nil, the role runs only on that CPU.
  func spawn(
    role: Int, command: [String], inheriting: [Int] = [], isTraced: Bool = false, as user: Role.User? = nil,
    variables: [String] = [], directory: String? = nil, processor: Int? = nil
  ) throws(SandboxError) -> Int {
    var fields = Fields()
    fields.append("role", role)
    fields.append("argv", bytes: command.joined(separator: "\0").utf8)
    if let user { fields.append("as", user.rawValue) }
    if !variables.isEmpty { fields.append("environment", bytes: variables.joined(separator: "\0").utf8) }
    if let directory { fields.append("directory", directory) }
    if let processor { fields.append("processor", processor) }
    if !inheriting.isEmpty { fields.append("inherit", inheriting.map(String.init).joined(separator: ",")) }
    let passed = Array(farEnds[role].prefix(isTraced ? 4 : 3))
    fields.append("descriptors", passed.count)
    // The runner must not keep these ends: otherwise it would never see the end of the role's output.
    farEnds[role] = []
    let response: Fields
    do { response = try sandboxInit.perform(Request("spawn", fields), passing: passed) } catch {
      throw SandboxError("\(error)\(hint(onHidden: command[0]))", isRefusal: error.isRefusal)
    }
    return try number("pid", response)
  }

  /// The directories that a private sandbox replaces with empty directories.
  static let replacedDirectories = ["/tmp", "/dev/shm"]

  /// Explains why an existing program was not found: it is in a replaced directory, where only `kept` stays visible.
  private func hint(onHidden program: String) -> String {
    guard isolation != .shared, !kept.contains(where: { program == $0 || program.hasPrefix("\($0)/") }),
      let directory = Self.replacedDirectories.first(where: { program.hasPrefix("\($0)/") })
    else { return "" }
    return "; a sandbox has its own \(directory), which does not contain it: move the program elsewhere"
  }

  func signal(_ signal: Signal, to pid: Int) throws(SandboxError) {
    _ = try perform("signal", pid, ("signum", Int(signal.number)))
  }

  func processState(of pid: Int, withStack: Bool = false) throws(SandboxError) -> ProcessState {
    ProcessState(try perform("state", pid, ("stack", withStack ? 1 : 0)))
  }

  /// Returns the arguments of the system call in which a process sleeps and, if `address` is an argument index, the
  /// time stored at that address; nil if the process did not stay asleep in one call.
  func waitArguments(of pid: Int, address: Int? = nil) throws(SandboxError) -> (arguments: [Int], time: Duration?)? {
    let response = try perform("wait", pid, ("address", address ?? -1))
    let arguments = (0..<6).compactMap { response["arg\($0)"].flatMap { Int($0) } }
    guard arguments.count == 6 else { return nil }
    guard let seconds = response["seconds"].flatMap({ Int64($0) }),
      let nanoseconds = response["nanoseconds"].flatMap({ Int64($0) }), (0..<1_000_000_000).contains(nanoseconds)
    else { return (arguments, nil) }
    return (arguments, .seconds(seconds) + .nanoseconds(nanoseconds))
  }

  /// Returns the number of read and write calls that a process has made.
  func transfers(of pid: Int) throws(SandboxError) -> Int { try number("calls", try perform("transfers", pid)) }

  /// A process's open descriptor.
  struct OpenFile {
    let number: Int
    /// The file, as shown by `/proc`: `pipe:[81]`, `/tmp/x`.
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

  /// Returns a process's open descriptors, the status flags of the `shared` descriptors, and its signals.
  func holdings(of pid: Int, shared: some Sequence<Int> = []) throws(SandboxError) -> ProcessHoldings {
    var holdings = ProcessHoldings()
    var request = Fields()
    request.append("pid", pid)
    let list = shared.map(String.init).joined(separator: ",")
    if !list.isEmpty { request.append("shared", list) }
    let end = try sandboxInit.perform(Request("descriptors", request)) { fields in
      guard let number = fields["fd"].flatMap({ Int($0) }) else { return }
      holdings.descriptors[number] = fields["target"] ?? ""
      if let flags = fields["flags"].flatMap({ Int32($0) }) { holdings.flags[number] = StatusFlags(flags) }
    }
    holdings.signals = SignalState(end)
    return holdings
  }

  /// Duplicates a process's descriptor for another process to inherit, and returns the status flags of both.
  func take(descriptor: Int, of pid: Int) throws(SandboxError) -> (token: Int, flags: StatusFlags) {
    let response = try perform("take", pid, ("fd", descriptor))
    return (try number("fd", response), StatusFlags(Int32(truncatingIfNeeded: try number("flags", response))))
  }

  /// Returns the processes that have the other end of an output pipe open.
  func holders(of output: LineSource) throws(SandboxError) -> [KernelObject] {
    try holders(ofPipe: output.inode)
  }

  /// Returns the processes that have an input pipe open for writing; only the runner should have it open.
  func writers(of input: LineSink) throws(SandboxError) -> [KernelObject] {
    try holders(ofPipe: input.inode, forWriting: true)
  }

  private func holders(ofPipe inode: UInt64, forWriting: Bool = false) throws(SandboxError) -> [KernelObject] {
    var fields = Fields()
    fields.append("inode", inode)
    if forWriting { fields.append("writing", 1) }
    var holders: [KernelObject] = []
    _ = try sandboxInit.perform(Request("holders", fields)) { fields in
      let pid = fields["pid"].flatMap { Int($0) }
      holders.append(KernelObject(kind: .process, name: fields["name"], id: pid))
    }
    return holders
  }

  // MARK: - Objects

  /// Lists all kernel objects in this sandbox or, with shared isolation, on this machine.
  func snapshot() throws(SandboxError) -> ResourceSnapshot {
    let (snapshot, unobservable) = try list()
    let unexpected = unobservable.subtracting(capabilities.unobservableKinds)
    guard unexpected.isEmpty else {
      let names = unexpected.map(\.rawValue).sorted().joined(separator: ", ")
      throw SandboxError("a snapshot does not list \(names) any more")
    }
    return snapshot
  }

  /// Returns the kinds of objects that snapshots cannot list here.
  func unobservableKinds() throws(SandboxError) -> Set<ObjectKind> { try list().unobservable }

  /// Probes the features in this sandbox as a peer would use them, and returns the missing features with their errors.
  func missingFeatures() throws(SandboxError) -> [Feature: String] {
    var tried: Set<Feature> = []
    var missing: [Feature: String] = [:]
    _ = try sandboxInit.perform(Request("features", Fields())) { fields in
      guard let feature = fields["name"].flatMap(Feature.init) else { return }
      tried.insert(feature)
      missing[feature] = fields["errno"]
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

  // MARK: - Files and sockets

  /// Creates a file and its parent directories in the scratch directory, for the peers' user.
  func createFile(at path: String, _ bytes: [UInt8]) throws(SandboxError) {
    var fields = Fields()
    fields.append("path", path)
    fields.append("bytes", bytes: bytes)
    _ = try sandboxInit.perform(Request("create", fields))
  }

  /// Returns the bytes of a regular file that the peers' user can read.
  func file(at path: String) throws(SandboxError) -> [UInt8] {
    var fields = Fields()
    fields.append("path", path)
    return try sandboxInit.perform(Request("file", fields))[bytes: "bytes"] ?? []
  }

  /// A socket that accepts connections or receives datagrams.
  struct Listener: Hashable {
    /// `unix`, `tcp` or `udp`.
    let kind: String
    /// The path, the abstract name after an `@`, or the port.
    let name: String
  }

  /// Returns the sandbox's sockets that are ready for clients.
  func listeners() throws(SandboxError) -> [Listener] {
    var listeners: [Listener] = []
    _ = try sandboxInit.perform(Request("listeners", Fields())) { fields in
      listeners.append(Listener(kind: fields["kind"] ?? "", name: fields["name"] ?? ""))
    }
    return listeners
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
