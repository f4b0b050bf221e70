import PeerProtocol

/// The steps for whole programs.
extension StepInterpreter {
  /// Creates a scenario's files before its first step.
  func create(_ files: [Scenario.File]) throws(CellOutcome) {
    for file in files {
      let path = try filled(file.path)
      let bytes = try bytes(of: file.content)
      do throws(SandboxError) { try client.sandbox.createFile(at: path, bytes) } catch {
        throw CellOutcome(
          error.isRefusal ? .failed : .broken,
          "the file '\(path)' cannot be created: \(error); files are created below \(client.sandbox.scratch)")
      }
      client.knownFiles.insert(path)
    }
  }

  /// Returns the bytes of a text or file in the scenario.
  func bytes(of content: Content) throws(CellOutcome) -> [UInt8] {
    switch content {
    case .text(let template): Array(try filled(template).utf8)
    case .file(_, let bytes): bytes
    }
  }

  /// Waits until a program is ready for the next step.
  func waitUntilReady(_ role: RoleProcess, _ readiness: Readiness) throws(CellOutcome) {
    switch readiness {
    case .asleep:
      try client.wait(for: role, to: "sleep or print a line", .polling) { () throws(CellOutcome) -> Void? in
        client.drain(role)
        if !role.printed.isEmpty || client.terminationStatus(of: role) != nil { return () }
        let state: ProcessState
        do throws(CellOutcome) { state = try client.processState(of: role, doing: "sleep or print a line") } catch {
          // The program has terminated since the check above.
          if client.terminationStatus(of: role) != nil { return () }
          throw error
        }
        return state.isAsleep && state.systemCall != nil ? () : nil
      }
    case .object(let kind, let template):
      let name = try filled(template)
      try wait(for: role, to: "create \(kind.rawValue) \(name)") { () throws(SandboxError) -> Bool in
        try client.sandbox.snapshot().objects.contains { $0.kind == kind && $0.isNamed(name) }
      }
    case .listens(let transport, let template):
      let name = try filled(template)
      try wait(for: role, to: "listen on \(transport.rawValue) \(name)") { () throws(SandboxError) -> Bool in
        try client.sandbox.listeners().contains { $0.isReady(for: transport, name) }
      }
    }
  }

  private func wait(
    for role: RoleProcess, to what: String, until condition: () throws(SandboxError) -> Bool
  ) throws(CellOutcome) {
    try client.wait(for: role, to: what, .polling) { () throws(CellOutcome) -> Void? in
      client.drain(role)
      // A program may exit immediately after it has created an object for others.
      let hasEnded = client.terminationStatus(of: role) != nil
      do throws(SandboxError) { if try condition() { return () } } catch { throw CellOutcome(error) }
      if hasEnded { throw client.ended(role, doing: what) }
      return nil
    }
  }

  /// Waits until a program has printed lines that match the patterns in order.
  func waitForLines(
    _ role: RoleProcess, _ stream: Step.OutputStream, _ patterns: [LinePattern]
  ) throws(CellOutcome) {
    let streams = client.streams(of: role)
    let source = stream == .standardOutput ? streams.output : streams.error
    var wanted: [FilledPattern] = []
    for pattern in patterns { wanted.append(try FilledPattern(kind: pattern.kind, text: filled(pattern.text))) }
    func lines() -> [OutputLine] { stream == .standardOutput ? role.printed : role.reported }
    do throws(CellOutcome) {
      try client.wait(for: role, to: "print \(wanted.map(\.description).joined(separator: ", then "))") {
        () throws(CellOutcome) -> Void? in
        let isEnded = source.isEnded
        client.drain(role)
        guard let missing = FilledPattern.firstMissing(of: wanted, in: lines()) else { return () }
        if isEnded {
          throw CellOutcome(
            .failed, "\(role.description) \(missing.reason)", expected: missing.pattern.text,
            response: .line(lines().map(\.text).joined(separator: "\n")))
        }
        return nil
      }
    } catch {
      guard error.verdict == .timedOut, stream == .standardOutput, lines().isEmpty else { throw error }
      throw error.with(reason: "\(error.reason ?? "")\(bufferingHint(role, wanted))")
    }
    // A list allows other lines between its lines, so the final check counts only the lines of single conditions.
    if stream == .standardOutput, wanted.count == 1 { role.found += wanted }
  }

  /// Returns text to append to a reason, which explains why a sleeping program has printed nothing.
  ///
  /// The C library writes to a pipe only when the buffer is full or the program exits. If the line appears after
  /// SIGTERM has made the program exit, buffering was the cause.
  private func bufferingHint(_ role: RoleProcess, _ wanted: [FilledPattern]) -> String {
    let advice =
      "call setvbuf(stdout, NULL, _IOLBF, 0) first, or fflush(stdout) after each line (in Swift, fflush(nil))"
    guard let pid = role.pid, let state = try? client.sandbox.processState(of: pid), state.isAsleep else { return "" }
    // The program may remove its objects, or close the descriptors that show that it created them.
    try? leaks.observe()
    client.endInput(of: role)
    role.endIsKnown = true
    try? client.sandbox.signal(.terminate, to: pid)
    var limit = client.limit(.seconds(1))
    while client.terminationStatus(of: role) == nil, !client.hasPassed(&limit) {
      do throws(CellOutcome) { try client.receive(.milliseconds(50)) } catch { return "" }
    }
    // The last output can arrive after the process has exited.
    do throws(CellOutcome) { try client.receive(.zero) } catch { return "" }
    client.drain(role)
    if FilledPattern.firstMissing(of: wanted, in: role.printed) == nil {
      return "; it printed the line when SIGTERM ended it, so its output was buffered: \(advice)"
    }
    return "; it has printed nothing, and standard output is a pipe, so its output may be buffered: \(advice)"
  }

  /// Compares a program's entire output once its output stream has ended.
  func compareOutput(of role: RoleProcess, _ content: Content) throws(CellOutcome) {
    let output = client.streams(of: role).output
    try client.wait(for: role, to: "end its output") { () throws(CellOutcome) -> Void? in
      client.drain(role)
      return output.isEnded ? () : nil
    }
    client.drain(role)
    try compare(output.recorded ?? [], with: content, "\(role.description) printed")
  }

  /// Compares the contents of a file.
  ///
  /// From now on, the file is not a leak.
  func compareFile(at path: String, _ content: Content) throws(CellOutcome) {
    client.knownFiles.insert(path)
    let bytes: [UInt8]
    do throws(SandboxError) { bytes = try client.sandbox.file(at: path) } catch {
      guard error.isRefusal else { throw CellOutcome(error) }
      throw CellOutcome(.failed, "the file cannot be read: \(error)", expected: content.description)
    }
    try compare(bytes, with: content, "\(path) has")
  }

  private func compare(_ actual: [UInt8], with content: Content, _ subject: String) throws(CellOutcome) {
    guard let difference = ByteDifference(expected: try bytes(of: content), actual: actual) else { return }
    var outcome = CellOutcome(
      .failed, "\(subject) other bytes: \(difference.reason)", expected: difference.expectedText,
      response: .line(difference.actualText))
    outcome.evidence?.firstDifference = difference.offset
    throw outcome
  }
}

/// A condition on an output line, with all variables filled in.
///
/// A text is compared byte for byte: Unicode strings that are canonically equivalent, such as the two forms of 'é', are
/// different output.
struct FilledPattern: CustomStringConvertible {
  let kind: LinePattern.Kind
  let text: String
  /// The compiled text of a regular expression; a wait checks every line repeatedly.
  private let expression: Regex<AnyRegexOutput>?

  init(kind: LinePattern.Kind, text: String) {
    self.kind = kind
    self.text = text
    expression = kind == .matches ? try? Regex(text).matchingSemantics(.unicodeScalar) : nil
  }

  var description: String {
    switch kind {
    case .contains: "'\(text)'"
    case .line: "the line '\(text)'"
    case .matches: "a line that matches '\(text)'"
    }
  }

  func matches(_ line: OutputLine) -> Bool {
    switch kind {
    case .contains: line.contains(text)
    case .line: line.isEqual(to: text)
    case .matches: expression.map { line.text.contains($0) } ?? false
    }
  }

  /// Returns the first condition that is not met by any line after the line for the previous condition; nil if all are
  /// met.
  static func firstMissing(
    of patterns: [FilledPattern], in lines: [OutputLine]
  ) -> (pattern: FilledPattern, reason: String)? {
    var next = 0
    for pattern in patterns {
      if let index = lines[next...].firstIndex(where: pattern.matches) {
        next = index + 1
      } else if let early = lines.firstIndex(where: pattern.matches) {
        return (pattern, "printed \(pattern) in line \(early + 1), and not after line \(next)")
      } else {
        return (pattern, "never printed \(pattern)")
      }
    }
    return nil
  }
}

extension FilledPattern: Hashable {
  static func == (a: FilledPattern, b: FilledPattern) -> Bool {
    a.kind == b.kind && a.text.utf8.elementsEqual(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(text)
  }
}

extension KernelObject {
  /// Returns whether the object has the given name, path or key.
  func isNamed(_ name: String) -> Bool {
    if let key {
      let bits = name.hasPrefix("0x") ? UInt32(name.dropFirst(2), radix: 16) : nil
      return (bits.map { Int32(bitPattern: $0) } ?? Int32(name)) == key
    }
    guard kind == .posixSharedMemory else { return self.name == name }
    let plain = name.drop { $0 == "/" }
    return self.name == "/dev/shm/\(plain)" || self.name == "/dev/shm/sem.\(plain)"
  }
}

extension Sandbox.Listener {
  /// Returns whether the socket has the given path, abstract name or port.
  func isReady(for transport: Readiness.Transport, _ name: String) -> Bool {
    switch transport {
    // A socket that is bound to a relative path is listed with the relative path.
    case .socket: kind == "unix" && (self.name == name || !self.name.hasPrefix("/") && name.hasSuffix("/\(self.name)"))
    case .abstract: kind == "unix" && self.name == "@\(name.drop { $0 == "@" })"
    case .tcp, .udp: kind == transport.rawValue && self.name == name
    }
  }
}
