import PeerProtocol

/// A process's state at one point in time, as reported by `/proc`.
struct ProcessState: CustomStringConvertible {
  /// The state letter in proc_pid_status(5), such as `S` for sleeping and `T` for stopped.
  let state: String
  /// The system call in which the process sleeps: its name, or its number if the table does not contain the call.
  ///
  /// It is nil while the process is running.
  let systemCall: String?
  let firstArgument: Int
  /// Whether the process passes 64-bit times to system calls.
  let has64BitTimes: Bool
  let hasPendingSignal: Bool
  /// Whether all threads have permanently stopped executing the program.
  ///
  /// This is determined only if the stack was requested.
  let isEnding: Bool
  /// The number of times that the process has gone to sleep: its main thread's voluntary context switches.
  let switches: Int
  /// The tracer's process ID; nil if the process is not traced.
  let tracer: Int?
  let stack: String?

  init(_ fields: Fields) {
    func number(_ key: String) -> Int? { fields[key].flatMap { Int($0) } }
    let argument = number("arg0") ?? -1
    let abi = fields["abi"].flatMap(SystemCallNames.ABI.init)
    state = fields["state"] ?? "?"
    has64BitTimes = abi == .x86_64 || abi == .aarch64
    systemCall = number("syscall").map { call in
      SystemCallNames.name(of: call, firstArgument: argument, abi: abi) ?? "system call \(call)"
    }
    firstArgument = argument
    hasPendingSignal = fields["pending"] == "yes"
    isEnding = fields["ending"] == "yes"
    switches = number("switches") ?? 0
    tracer = number("tracer").flatMap { $0 > 0 ? $0 : nil }
    stack = fields["stack"]
  }

  var isAsleep: Bool { state == "S" }

  /// Returns whether the process is blocked in one of `calls`.
  func isBlocked(in calls: [String]) -> Bool { isWaiting && systemCall.map(calls.contains) == true }

  /// Whether the process is asleep in a system call, with no signal about to wake it.
  ///
  /// Reading standard input does not count, because a peer does so while it waits for its next request.
  var isWaiting: Bool {
    isAsleep && !hasPendingSignal && systemCall != nil && !(systemCall == "read" && firstArgument == 0)
  }

  var description: String {
    // A zombie is not in a system call.
    if ["Z", "X"].contains(state) { return "state \(state): it has ended" }
    return "state \(state), \(systemCall.map { "in \($0)" } ?? "running")" + (stack.map { "\n\($0)" } ?? "")
  }
}
