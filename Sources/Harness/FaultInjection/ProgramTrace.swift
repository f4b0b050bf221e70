import Foundation

/// The system calls made by a program's first thread, as reported by strace(1).
struct ProgramTrace {
  /// The calls since the program was executed.
  private let calls: [SystemCallTrace.Call]

  /// Reads strace's output, which begins with the shell that executes the program.
  init(_ lines: [String]) {
    let all = SystemCallTrace.calls(in: lines).calls
    let start = all.lastIndex { $0.name == "execve" && $0.result == 0 }.map { $0 + 1 } ?? 0
    calls = Array(all[start...])
  }

  /// The call into which the fault was injected; nil if the program did not make that call.
  var injected: SystemCallTrace.Call? { calls.first(where: \.isInjected) }

  // MARK: - Calls that can fail

  /// Returns the faults to inject into the IPC calls that succeeded.
  ///
  /// If a program makes many such calls on one object, faults are injected only into the first two and the last.
  /// `fifos` contains the paths of FIFOs, which look like files in a trace.
  func injections(into role: String, table: ProgramFaultTable, fifos: Set<String>) -> [ProgramInjection] {
    var occurrences: [String: Int] = [:]
    var places: [Place: [(point: ProgramInjection.Point, faults: [InjectedFault])]] = [:]
    var order: [Place] = []
    for call in calls where call.result.map({ $0 >= 0 }) ?? false {
      guard let facts = table[call.name], concernsIPC(call, facts.target, fifos) else { continue }
      occurrences[call.name, default: 0] += 1
      let point = ProgramInjection.Point(
        role: role, call: call.name, occurrence: occurrences[call.name] ?? 0, number: call.number)
      let isFile = facts.target == .path && !fifos.contains(call.opened ?? "")
      var faults = facts.errors + (call.creates ? facts.creationErrors : [])
      if let interruption = facts.interruption, mayBeInterrupted(interruption), !isFile {
        faults.insert(.interrupted, at: 0)
      }
      if faults.isEmpty { continue }
      let place = Place(call: call.name, object: call.object ?? "")
      if places[place] == nil { order.append(place) }
      places[place, default: []].append((point, faults))
    }
    return order.flatMap { place -> [ProgramInjection] in
      let all = places[place] ?? []
      let chosen = all.count <= 3 ? all : [all[0], all[1], all[all.count - 1]]
      return chosen.flatMap { chosen in chosen.faults.map { ProgramInjection(point: chosen.point, fault: $0) } }
    }
  }

  private struct Place: Hashable {
    let call: String
    let object: String
  }

  private func concernsIPC(
    _ call: SystemCallTrace.Call, _ target: ProgramFaultTable.Target?, _ fifos: Set<String>
  ) -> Bool {
    switch target {
    case nil: return true
    case .channel:
      guard let object = call.object, !call.isOfStandardStream else { return false }
      return fifos.contains(object) || Self.channels.contains { object.hasPrefix($0) }
    case .path: return call.opened.map { fifos.contains($0) || !Self.isOfSystem($0) } ?? false
    case .mapping:
      guard call.line.contains("MAP_SHARED") else { return false }
      return call.line.contains("MAP_ANONYMOUS") || call.mapped.map { !Self.isOfSystem($0) } ?? false
    case .wait: return call.line.contains("FUTEX_WAIT") && !call.line.contains("_PRIVATE")
    case .process: return !call.line.contains("CLONE_THREAD")
    }
  }

  /// The kinds of channels, as strace prints them.
  private static let channels = [
    "pipe:", "socket:", "UNIX", "TCP", "UDP", "anon_inode:[eventfd", "anon_inode:[timerfd", "anon_inode:[signalfd",
  ]

  /// Returns whether a file, such as a library, belongs to the system rather than to the program.
  private static func isOfSystem(_ path: String) -> Bool {
    let places = [
      "/proc/", "/sys/", "/dev/null", "/dev/tty", "/dev/urandom", "/usr/", "/etc/", "/lib/", "/lib32/", "/lib64/",
      "/libx32/", "/var/",
    ]
    let isMemory = path.hasPrefix("/dev/shm/") || path.hasPrefix("/memfd:")
    return places.contains { path.hasPrefix($0) } || (!isMemory && path.contains(/\.so(\.|$)/)) || !path.hasPrefix("/")
  }

  /// Returns whether a signal can interrupt the program in such a call.
  private func mayBeInterrupted(_ interruption: ProgramFaultTable.Interruption) -> Bool {
    switch interruption {
    case .stopped: true
    case .interrupted: calls.contains { $0.installsHandler }
    case .restarted: calls.contains { $0.installsHandler && !$0.line.contains("SA_RESTART") }
    }
  }

  // MARK: - Objects

  /// The names and keys of the objects that the program may have created.
  var created: [String] {
    calls.compactMap { call in
      guard call.result.map({ $0 >= 0 }) ?? false else { return nil }
      switch call.name {
      case "openat", "open": return call.line.contains("O_CREAT") ? call.opened : nil
      case "mq_open": return call.line.contains("O_CREAT") ? call.text.map { "/\($0)" } : nil
      case "mknodat", "mknod", "link", "bind": return call.text
      case "shmget", "semget", "msgget":
        return call.line.contains("IPC_CREAT") ? String(call.arguments.prefix { $0 != "," }) : nil
      default: return nil
      }
    }
  }

  /// The kinds of objects that the program removed.
  var removed: Set<ObjectKind> {
    var kinds: Set<ObjectKind> = []
    for call in calls where call.result == 0 {
      switch call.name {
      case "mq_unlink": kinds.insert(.messageQueue)
      case "unlink", "unlinkat": kinds.formUnion([.posixSharedMemory, .fifo, .socket, .file])
      case "shmctl" where call.line.contains("IPC_RMID"): kinds.insert(.sharedMemory)
      case "semctl" where call.line.contains("IPC_RMID"): kinds.insert(.semaphores)
      case "msgctl" where call.line.contains("IPC_RMID"): kinds.insert(.messages)
      default: break
      }
    }
    return kinds
  }
}

/// A fault in a program's system call.
struct ProgramInjection: Sendable, Hashable {
  let point: Point
  let fault: InjectedFault

  struct Point: Sendable, Hashable {
    let role: String
    let call: String
    /// The index of the call among the IPC calls with this name, counted from 1.
    let occurrence: Int
    /// The index of the call among all calls with this name, counted from 1, as in strace.
    let number: Int
  }

  var cell: Cell.Injection {
    Cell.Injection(
      role: point.role, request: nil, operation: nil, call: point.call, occurrence: point.occurrence, fault: fault)
  }
}

extension SystemCallTrace.Call {
  /// The arguments: the text after the opening parenthesis.
  fileprivate var arguments: Substring { line[line.index(after: line.firstIndex(of: "(") ?? line.startIndex)...] }

  /// The object that the descriptor in the first argument refers to: `pipe:[81]`, `/tmp/x`.
  fileprivate var object: String? {
    guard let match = arguments.prefixMatch(of: /-?[0-9]+<(.*?)>[,)]/) else { return nil }
    return String(match.1)
  }

  fileprivate var isOfStandardStream: Bool { arguments.prefixMatch(of: /[012]</) != nil }

  /// The path of the opened file.
  fileprivate var opened: String? { line.firstMatch(of: /\ =\ [0-9]+<(.*)>(\ \(|$)/).map { String($0.1) } }

  /// The path of the mapped file.
  fileprivate var mapped: String? { line.firstMatch(of: /,\ [0-9]+<(.*)>,\ /).map { String($0.1) } }

  /// Whether the call creates an object, or would do so if the object did not exist.
  fileprivate var creates: Bool {
    line.contains("O_CREAT") || line.contains("IPC_CREAT") || arguments.hasPrefix("IPC_PRIVATE")
  }

  /// The first quoted string.
  fileprivate var text: String? { line.firstMatch(of: /"([^"]*)"/).map { String($0.1) } }

  /// Whether the call installs a handler for a signal that another process may send.
  fileprivate var installsHandler: Bool {
    name == "rt_sigaction" && line.contains("sa_handler=0x")
      && arguments.prefixMatch(of: /SIG(SEGV|BUS|ILL|ABRT|FPE|TRAP|RT_1|RTMIN)\b/) == nil
  }
}
