import Foundation

/// A peer's system calls, as reported by strace(1) and grouped by request.
struct SystemCallTrace {
  /// The calls during each request.
  ///
  /// In each request, the last call writes the response.
  let requests: [[Call]]
  let killed: Bool

  struct Call {
    let name: String
    /// The index of the call among all calls with this name since the tracer started the peer, counted from 1.
    let number: Int
    /// The call, as printed by strace.
    let line: String
    var isInjected: Bool { line.hasSuffix("(INJECTED)") }
    /// Whether the call writes to descriptor 1, and therefore sends a response to the runner.
    var isResponse: Bool { (name == "write" || name == "writev") && concerns(1) }

    /// Returns whether the first argument is the given descriptor.
    ///
    /// strace may append a description to the number.
    func concerns(_ descriptor: Int) -> Bool {
      let arguments = line.dropFirst(name.count + 1)
      return arguments.hasPrefix("\(descriptor)<") || arguments.hasPrefix("\(descriptor),")
    }
  }

  /// Reads the lines that strace wrote to standard error.
  ///
  /// Lines that the peer itself wrote are skipped.
  init(_ lines: [String]) {
    var requests: [[Call]] = []
    let (calls, killed) = Self.calls(in: lines)
    for call in calls {
      if call.name == "read", call.concerns(0) {
        // A read interrupted by a signal does not begin a request, because the peer repeats the read. A peer may also
        // read a request in several parts.
        let isNext = requests.last.map { $0.contains(where: \.isResponse) } ?? true
        if isNext, !call.line.contains(" = ?"), !call.line.contains(" = -1") { requests.append([]) }
      } else if !requests.isEmpty {
        requests[requests.count - 1].append(call)
      }
    }
    self.requests = requests
    self.killed = killed
  }

  /// Returns all calls, and whether the process was killed.
  static func calls(in lines: [String]) -> (calls: [Call], killed: Bool) {
    var calls: [Call] = []
    var counts: [Substring: Int] = [:]
    var killed = false
    for line in lines {
      if line.hasPrefix("+++ killed by SIGKILL") { killed = true }
      guard let parenthesis = line.firstIndex(of: "(") else { continue }
      let name = line[..<parenthesis]
      guard Identifier.isVariable(name), name == name.lowercased() else { continue }
      let call = Call(name: String(name), number: counts[name, default: 0] + 1, line: line)
      // The text that a process writes to standard error appears in the middle of that write's trace line, and a
      // newline in that text ends the line early. In a shell, any descriptor may be a duplicate of standard error.
      let isWrite = ["write", "writev"].contains(name) && line.dropFirst(name.count + 1).first?.isNumber == true
      guard isWrite || line.contains(" = ") else { continue }
      counts[name] = call.number
      calls.append(call)
    }
    return (calls, killed)
  }
}

extension SystemCallTrace {
  /// Returns a role's IPC calls as points where faults can be injected.
  ///
  /// `operations` contains the requested operations, in order.
  func points(of role: String, operations: [String], table: SystemCallTable) -> [InjectionPoint] {
    zip(requestsInOneSlice, operations).enumerated().flatMap { index, pair -> [InjectionPoint] in
      let (calls, operation) = pair
      var occurrences: [String: Int] = [:]
      func isPoint(_ index: Int) -> Bool {
        let call = calls[index]
        return table.holds(call.name, within: operation) && !call.isResponse && !call.isPrivate
          && !(index > 0 && call.repeatsCloseOnExec(of: calls[index - 1]))
      }
      return calls.indices.dropLast().compactMap { at in
        let (call, next) = (calls[at], calls[at + 1])
        guard isPoint(at) else { return nil }
        occurrences[call.name, default: 0] += 1
        return InjectionPoint(
          role: role, request: index, operation: operation, call: call.name,
          occurrence: occurrences[call.name, default: 0],
          numberInRequest: calls[...at].count { $0.name == call.name }, number: call.number,
          next: .init(call: next.name, number: next.number, isPoint: isPoint(at + 1)),
          isDivisible: call.isDivisible(table), isWaking: call.isWaking,
          isCommitted: calls[..<at].contains { $0.isIrrevocable(table) })
      }
    }
  }

  /// The requests, with each wait that was split into slices reduced to one slice.
  ///
  /// The number of slices depends on timing, but an injection point must exist in every run.
  private var requestsInOneSlice: [[Call]] {
    var dropped: [String: Int] = [:]
    return requests.map { calls in
      var kept: [Call] = []
      var index = calls.startIndex
      while index < calls.endIndex {
        let call = calls[index]
        if let word = call.sleepsOn, call.line.contains(" = -1 ETIMEDOUT"),
          let again = calls[(index + 1)...].firstIndex(where: { $0.sleepsOn != nil }), calls[again].sleepsOn == word
        {
          for slice in calls[index..<again] { dropped[slice.name, default: 0] += 1 }
          index = again
        } else {
          kept.append(call.earlier(by: dropped[call.name, default: 0]))
          index += 1
        }
      }
      return kept
    }
  }
}

extension SystemCallTrace.Call {
  /// Whether the call had an effect that cannot be undone.
  fileprivate func isIrrevocable(_ table: SystemCallTable) -> Bool {
    (table.transfers.contains(name) || table.irrevocable.contains(name)) && !readsProc
      && (result.map { $0 >= 0 } ?? false)
  }

  /// Whether the call transfers more than one byte through a file or stream without message boundaries.
  ///
  /// The descriptor's object follows its number: `4<pipe:[81]>`, `5<UNIX-STREAM:[...]>`, `3</dev/shm/x>`.
  fileprivate func isDivisible(_ table: SystemCallTable) -> Bool {
    guard table.transfers.contains(name), !readsProc, let open = line.firstIndex(of: "<") else { return false }
    let object = line[line.index(after: open)...]
    guard ["pipe:", "UNIX-STREAM:", "TCP:", "TCPv6:", "/"].contains(where: object.hasPrefix) else { return false }
    return result ?? 0 > 1
  }

  /// The return value, without the object that may follow a descriptor number.
  var result: Int? {
    line.components(separatedBy: " = ").last.flatMap { Int($0.prefix { $0 == "-" || $0.isNumber }) }
  }

  /// Whether the call is not an IPC call even though the table lists its name: it maps anonymous memory, uses a futex
  /// private to this process, or reads `/proc`.
  fileprivate var isPrivate: Bool {
    (name == "mmap" && line.contains("MAP_ANONYMOUS")) || (name == "futex" && line.contains("_PRIVATE"))
      || (["openat", "read"].contains(name) && line.contains(/\/proc\/[^">]*\/(status|maps)[">]/))
  }

  /// Whether the call sets close-on-exec on a descriptor that `opening` has just opened with `O_CLOEXEC`.
  ///
  /// musl does this in open(2), for kernels that ignore the flag, and ignores any error.
  fileprivate func repeatsCloseOnExec(of opening: Self) -> Bool {
    name == "fcntl" && line.contains("F_SETFD, FD_CLOEXEC") && ["open", "openat"].contains(opening.name)
      && opening.line.contains("O_CLOEXEC") && opening.result.map { concerns($0) } ?? false
  }

  /// Whether the call reads a file in `/proc`.
  ///
  /// Such a read is never short and can be repeated.
  private var readsProc: Bool { name == "read" && line.contains("</proc/") }

  /// Whether the call wakes threads waiting on a futex.
  ///
  /// Such a call cannot fail while the futex is mapped.
  fileprivate var isWaking: Bool { name == "futex" && line.contains("FUTEX_WAKE") }

  /// The address of the futex on which the call sleeps; nil for all other calls.
  fileprivate var sleepsOn: Substring? {
    guard name == "futex", line.contains("FUTEX_WAIT") else { return nil }
    return line.dropFirst("futex(".count).prefix { $0 != "," }
  }

  fileprivate func earlier(by count: Int) -> Self {
    Self(name: name, number: number - count, line: line)
  }
}
