internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Child processes, and descriptors of processes.
let childOperations: [Peer.Operation] = [
  .init("pidfd_open") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    return try peer.hold(try PIDFD(of: try parameters.process()), as: parameters.handle)
  },

  .init("pidfd_send_signal") { peer, parameters in
    let signal = try parameters.known()
    return try peer.process(parameters) { process in
      try process.send(signal)
      return Fields()
    }
  },

  .init("pidfd_getpid") { peer, parameters in
    try peer.process(parameters) { process in
      guard let number = try process.processID else { throw Failure(.noSuchProcess) }
      var fields = Fields()
      fields.append("pid", number)
      return fields
    }
  },

  .init("posix_spawn") { _, parameters in
    let status: UInt8 = try parameters.integer("status")
    let child = try ChildProcess("sh", arguments: ["-c", "exit \(status)"])
    var fields = Fields()
    fields.append("pid", child.processID)
    return fields
  },

  .init("waitid") { peer, parameters in
    try peer.process(parameters) { process in
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

  .init("filter") { _, parameters in
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

extension Peer {
  fileprivate func process<Value>(
    _ parameters: Parameters, _ body: (borrowing PIDFD) throws -> Value
  ) throws -> Value {
    try use(PIDFD.self, "process", parameters, body)
  }
}
