internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Child processes and pidfds.
let childOperations: [Peer.Operation] = [
  .init("pidfd_open", "handle pid flags") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let process = ProcessID(rawValue: try parameters.integer("pid"))
    let isNonBlocking = try parameters.flags("flags", of: openFlags, default: 0) != 0
    return try peer.hold(try PIDFD(of: process, nonBlocking: isNonBlocking), as: parameters.handle)
  },

  .init("pidfd_getfd", "handle targetfd duplicate") { peer, parameters in
    let name = try parameters.text("duplicate")
    try peer.handles.require(free: name)
    let number: Int32 = try parameters.integer("targetfd")
    return try peer.process(parameters) { process in
      let descriptor = try process.duplicate(number).release()
      do {
        try peer.handles.add(try adopted(descriptor), as: name)
      } catch {
        _ = Glibc.close(descriptor.rawValue)
        throw error
      }
      var fields = Fields()
      fields.append("fd", descriptor.rawValue)
      return fields
    }
  },

  .init("pidfd_send_signal", "handle signum") { peer, parameters in
    try peer.process(parameters) { process in
      try sendSignal(parameters.sentNumber(), directly: { cipc_pidfd_send_signal(process.descriptor.rawValue, $0) }) {
        signal in
        if let signal { try process.send(signal) } else { try process.probe() }
      }
    }
  },

  .init("pidfd_getpid", "handle") { peer, parameters in
    try peer.process(parameters) { process in
      guard let number = try process.processID else { throw Failure(.noSuchProcess) }
      var fields = Fields()
      fields.append("pid", number)
      return fields
    }
  },

  .init("posix_spawn", "status program args read write") { peer, parameters in
    if parameters.has("program"), !parameters.has("status") { return try peer.spawn(parameters) }
    let status: UInt8 = try parameters.integer("status")
    let child = try ChildProcess("sh", arguments: ["-c", "exit \(status)"])
    var fields = Fields()
    fields.append("pid", child.processID)
    return fields
  },

  .init("waitid", "handle options") { peer, parameters in
    if parameters.has("options") { return try peer.waitForChange(parameters) }
    return try peer.process(parameters) { process in
      let number = try process.processID?.rawValue ?? -1
      var fields = Fields()
      switch try process.reap() {
      case nil: fields.append("si_pid", 0)
      case .exited(let status):
        fields.append("si_pid", number)
        fields.append("si_code", "CLD_EXITED")
        fields.append("si_status", status)
      case .signaled(let signal):
        fields.append("si_pid", number)
        fields.append("si_code", "CLD_KILLED")
        fields.append("si_status", signal.rawValue)
      }
      return fields
    }
  },

  .init("filter", "program args buf count pattern offset timeout eintr") { _, parameters in
    let arguments =
      parameters.has("args")
      ? try parameters.text("args").split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
    guard arguments.count <= 32 else { throw Invalid("at most 32 arguments") }
    let (program, input) = (try parameters.text("program"), try parameters.payload("buf", length: "count"))
    let (timeout, retry) = (try parameters.timeout(), try parameters.retryOnInterrupt())
    let (output, status) = try ChildProcess.filter(
      program, arguments: arguments, input: input.span, maxLength: 1 << 30, timeout: timeout, retryOnInterrupt: retry)
    var fields = Fields()
    fields.append("return", output.count)
    fields.append("status", status.shellStatus)
    try parameters.report(output, as: "buf", in: &fields)
    return fields
  },
]

private let openFlags = FlagTable(["PIDFD_NONBLOCK": 0o4000])
private let waitOptions = FlagTable([
  "WNOHANG": 1, "WSTOPPED": 2, "WEXITED": 4, "WCONTINUED": 8, "WNOWAIT": 0x100_0000,
])

extension Peer {
  fileprivate func waitForChange(_ parameters: Parameters) throws -> Fields {
    let options = try parameters.flags("options", of: waitOptions)
    var changes: PIDFD.Changes = []
    if options & 4 != 0 { changes.insert(.ended) }
    if options & 2 != 0 { changes.insert(.stopped) }
    if options & 8 != 0 { changes.insert(.continued) }
    let keeping = options & 0x100_0000 != 0
    return try process(parameters) { process in
      let number = try process.processID?.rawValue ?? -1
      let change =
        options & 1 != 0
        ? try process.tryChange(changes, keeping: keeping)
        : try process.change(changes, keeping: keeping, retryOnInterrupt: false)
      var fields = Fields()
      fields.append("si_pid", change == nil ? 0 : number)
      switch change {
      case nil: break
      case .ended(.exited(let status)):
        fields.append("si_code", "CLD_EXITED")
        fields.append("si_status", status)
      case .ended(.signaled(let signal)):
        fields.append("si_code", "CLD_KILLED")
        fields.append("si_status", signal.rawValue)
      case .stopped(let signal):
        fields.append("si_code", "CLD_STOPPED")
        fields.append("si_status", signal.rawValue)
      case .continued:
        fields.append("si_code", "CLD_CONTINUED")
        fields.append("si_status", Signal.continue.rawValue)
      }
      return fields
    }
  }

  /// Starts a program whose standard streams are this peer's handles.
  fileprivate func spawn(_ parameters: Parameters) throws -> Fields {
    let arguments =
      parameters.has("args")
      ? try parameters.text("args").split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
    guard arguments.count <= 8 else { throw Invalid("at most 8 arguments") }
    func stream(_ key: String) throws -> ChildProcess.Stream {
      parameters.has(key) ? .descriptor(try descriptor(try parameters.text(key))) : .inherit
    }
    let child = try ChildProcess(
      try parameters.text("program"), arguments: arguments, standardInput: try stream("read"),
      standardOutput: try stream("write"))
    var fields = Fields()
    fields.append("pid", child.processID)
    return fields
  }

  fileprivate func process<Value>(
    _ parameters: Parameters, _ body: (borrowing PIDFD) throws -> Value
  ) throws -> Value {
    try use(PIDFD.self, "process", parameters, body)
  }
}
