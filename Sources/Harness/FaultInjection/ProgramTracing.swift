import PeerProtocol

/// The program that traces a role, and writes its trace to a separate stream.
enum ProgramTracing: Sendable {
  /// `c-peers/wire-recorder`, to report the role's actions on the wire.
  case recorder(String)
  /// strace(1), or another tracer that writes to standard error, with its options.
  case standardError([String])

  /// Returns the words to prepend to the role's command; the tracer inherits the trace stream as `descriptor`.
  ///
  /// The role does not inherit any of the tracer's descriptors.
  func command(writingTo descriptor: Int) throws(CellOutcome) -> [String] {
    switch self {
    case .recorder(let program): return [program, "\(descriptor)"]
    case .standardError(let tracer):
      let spare = descriptor + 1
      guard spare <= 9 else { throw CellOutcome(.broken, "the shell cannot redirect descriptor \(spare)") }
      let outer = "exec \"$@\" \(spare)>&2 2>&\(descriptor) \(descriptor)>&-"
      let inner = "exec \"$@\" 2>&\(spare) \(spare)>&-"
      return ["/bin/sh", "-c", outer, "sh"] + tracer + ["/bin/sh", "-c", inner, "sh"]
    }
  }
}

extension PeerClient {
  /// Waits until the tracer has attached to the program, because the tracer does not see earlier calls.
  func waitForTracer(of role: RoleProcess) throws(CellOutcome) {
    guard let tracing = role.tracing, let trace = streams(of: role).trace else { return }
    try wait(for: role, to: "start below the tracer") { () throws(CellOutcome) -> Void? in
      switch tracing {
      case .recorder:
        // The recorder reports its own process ID as soon as it traces the process.
        if let line = trace.firstLine, let event = try? Request(parsing: line), event.operation == "tracer" {
          role.tracer = event.fields["pid"].flatMap { Int($0) }
          return ()
        }
      case .standardError:
        // Before the inner shell has executed the program, the process may sleep for unrelated reasons.
        takeTrace(of: role)
        if role.traceLines.count(where: { $0.hasPrefix("execve(") && $0.hasSuffix(" = 0") }) >= 2, let pid = role.pid {
          do throws(SandboxError) { role.tracer = try sandbox.processState(of: pid).tracer } catch {
            if terminationStatus(of: role) == nil { throw CellOutcome(error) }
          }
          return ()
        }
      }
      guard trace.isEnded else { return nil }
      drain(role)
      takeTrace(of: role)
      let reason = role.traceLines.last.map { ": \($0)" } ?? role.errorLine
      throw CellOutcome(.broken, "\(role.description) cannot be traced\(reason)")
    }
  }

  /// Reads the remaining lines from a program and its tracer.
  ///
  /// If the program has exited, this method first waits for the trace to end.
  func takeLastOutput(of role: RoleProcess) throws(CellOutcome) {
    if terminationStatus(of: role) != nil, let trace = streams(of: role).trace {
      let wasInterruption = interruption
      interruption = nil
      defer { interruption = wasInterruption }
      try wait(for: role, to: "end below the tracer") { trace.isEnded ? () : nil }
      try receive(.zero)
    }
    drain(role)
    takeTrace(of: role)
  }

  /// Reads the lines that a role's tracer has written so far.
  func takeTrace(of role: RoleProcess) {
    guard let trace = streams(of: role).trace else { return }
    while let line = trace.nextLine() { role.traceLines.append(line) }
  }
}
