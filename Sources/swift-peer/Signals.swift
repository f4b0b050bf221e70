internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Signals: counting handlers, masks, sending and waiting.
let signalOperations: [Peer.Operation] = [
  .init("sigaction", "signum sa_flags sa_handler") { _, parameters in
    let signal = try parameters.signal()
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { unsafe handled[Int($0)] += 1 }
    action.sa_flags = try parameters.flags("sa_flags", of: actionFlags, default: 0)
    if action.sa_flags & SA_SIGINFO != 0 {
      unsafe action.__sigaction_handler.sa_sigaction = { number, information, _ in
        unsafe handled[Int(number)] += 1
        unsafe latest[Int(number)] = cipc_signal_information_of(information)
      }
      // Create the table before the handler needs it.
      _ = unsafe latest[Int(signal)]
    }
    if parameters.has("sa_handler") {
      guard action.sa_flags == 0 else { throw Invalid("sa_flags are those of a handler") }
      let known = try parameters.known()
      switch try parameters.text("sa_handler") {
      case "SIG_IGN": try known.ignore()
      case "SIG_DFL": try known.resetToDefault()
      case let other: throw Invalid("sa_handler=\(other): SIG_IGN or SIG_DFL expected")
      }
      return Fields()
    }
    // Create the counters before the handler needs them. Reinstalling the handler does not reset its counter.
    unsafe handled[Int(signal)] += 0
    guard unsafe sigaction(signal, &action, nil) == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },

  .init("sigcount", "signum") { _, parameters in
    var fields = Fields()
    fields.append("count", unsafe handled[Int(try parameters.signal())])
    return fields
  },

  .init("siginfo", "signum") { _, parameters in
    let signal = try parameters.signal()
    let information = unsafe latest[Int(signal)]
    guard information.number != 0 else { throw Invalid("no handler with SA_SIGINFO ran for this signal") }
    var fields = Fields()
    fields.append(ReceivedSignal(information))
    return fields
  },

  .init("setitimer", "interval") { _, parameters in
    let interval = try parameters.duration("interval")
    // A negative time of less than a microsecond would become 0.
    guard interval >= .zero else { throw Failure(.invalidArgument) }
    let (seconds, attoseconds) = interval.components
    let microseconds = Int(attoseconds / 1_000_000_000_000)
    // An itimerval consists of four longs. The module that exports the members of timeval depends on the import order.
    let times: InlineArray<4, Int> = [Int(seconds), microseconds, Int(seconds), microseconds]
    let result = unsafe times.span.withUnsafeBytes {
      unsafe setitimer(Int32(ITIMER_REAL.rawValue), $0.baseAddress?.assumingMemoryBound(to: itimerval.self), nil)
    }
    guard result == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },

  .init("sigprocmask", "how signum") { _, parameters in
    let how = try parameters.flags("how", of: maskings)
    let signals = try parameters.signalSet()
    switch how {
    case SIG_BLOCK: signals.block()
    case SIG_UNBLOCK: signals.unblock()
    default: signals.replaceMask()
    }
    return Fields()
  },

  .init("sigpending", "") { _, _ in
    var fields = Fields()
    let pending = SignalSet.pending.signals
    fields.append("pending", pending.isEmpty ? "0" : pending.map(name).joined(separator: "|"))
    return fields
  },

  .init("sigtimedwait", "signum timeout eintr") { _, parameters in
    let signals = try parameters.signalSet()
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    var fields = Fields()
    fields.append(
      parameters.has("timeout")
        ? try signals.timedWait(try parameters.duration("timeout"), retryOnInterrupt: retryOnInterrupt)
        : try signals.wait(retryOnInterrupt: retryOnInterrupt))
    return fields
  },

  .init("sigtimedwait_all", "signum count timeout") { _, parameters in
    let signals = try parameters.signalSet()
    let count = Int32(try parameters.count(upTo: Int(Int32.max)))
    let timeout = try parameters.duration("timeout")
    var received: Int32 = 0
    var expected: Int32 = 0
    var disordered = 0
    var fields: Fields {
      var fields = Fields()
      fields.append("received", received)
      fields.append("disordered", disordered)
      return fields
    }
    while received < count {
      do {
        let signal = try signals.timedWait(timeout)
        if signal.value != expected { disordered += 1 }
        received += 1
        expected = signal.value &+ 1
      } catch let error as IPCError {
        throw Failure(error, fields)
      }
    }
    return fields
  },

  .init("sigwait", "signum") { _, parameters in
    var fields = Fields()
    fields.append("signum", name(try parameters.signalSet().wait().signal))
    return fields
  },

  .init("kill", "pid signum") { _, parameters in
    let process: Int32 = try parameters.integer("pid")
    guard process != -1 else { throw Invalid("pid=-1 means every process") }
    guard process > 0 else {
      // The minimum cannot be negated in 32 bits, and no process group has such an ID.
      guard process != .min else { throw Failure(.noSuchProcess) }
      return try sendToGroup(process == 0 ? nil : ProcessID(rawValue: -process), parameters)
    }
    return try sendSignal(parameters.sentNumber(), directly: { kill(process, $0) }) { signal in
      if let signal {
        try signal.send(to: ProcessID(rawValue: process))
      } else {
        try Signal.probe(ProcessID(rawValue: process))
      }
    }
  },

  .init("killpg", "pgrp signum") { _, parameters in
    let group: Int32 = try parameters.integer("pgrp")
    guard group != 1 else { throw Invalid("pgrp=1 means every process") }
    return try sendToGroup(group == 0 ? nil : ProcessID(rawValue: group), parameters)
  },

  .init("sigqueue", "pid signum si_value") { _, parameters in
    let process = try parameters.process()
    let value: Int32 = try parameters.integer("si_value")
    return try parameters.queue(parameters.sentNumber(), value, to: process)
  },

  .init("sigqueue_all", "pid signum count") { _, parameters in
    let process = try parameters.process()
    let number = try parameters.sentNumber()
    let count = Int32(try parameters.count(upTo: Int(Int32.max)))
    var sent: Int32 = 0
    var fields: Fields {
      var fields = Fields()
      fields.append("return", sent)
      return fields
    }
    while sent < count {
      do {
        _ = try parameters.queue(number, sent, to: process)
        sent += 1
      } catch let error as IPCError {
        throw Failure(error, fields)
      } catch let failure as Failure {
        throw Failure(failure.errno, in: "sigqueue", fields)
      }
    }
    return fields
  },

  .init("signalfd", "handle signum flags replace") { peer, parameters in
    let signals = try parameters.signalSet()
    if try parameters.isSet("replace") {
      guard !parameters.has("flags") else { throw Invalid("flags are those of a new descriptor") }
      return try peer.use(SignalFD.self, "descriptor of signals", parameters) {
        try $0.replaceSignals(signals)
        return Fields()
      }
    }
    try peer.handles.require(free: parameters.handle)
    let isNonBlocking = try parameters.flags("flags", of: descriptorFlags, default: 0) != 0
    let fields = try peer.hold(try SignalFD(signals), as: parameters.handle)
    if isNonBlocking { peer.nonBlockingSignals.insert(parameters.handle) }
    return fields
  },

  .init("signalfd_read", "handle timeout eintr") { peer, parameters in
    let isNonBlocking = peer.nonBlockingSignals.contains(parameters.handle)
    let timeout: Timeout = isNonBlocking && !parameters.has("timeout") ? .immediate : try parameters.timeout()
    let retry = try parameters.retryOnInterrupt()
    return try peer.use(SignalFD.self, "descriptor of signals", parameters) { signals in
      var fields = Fields()
      fields.append(try signals.read(timeout: timeout, retryOnInterrupt: retry))
      return fields
    }
  },
]

/// Sends a request's signal to a process group; nil means this process's group.
private func sendToGroup(_ group: ProcessID?, _ parameters: Parameters) throws -> Fields {
  try sendSignal(parameters.sentNumber(), directly: { killpg(group?.rawValue ?? 0, $0) }) { signal in
    if let signal {
      try signal.send(toGroup: group)
    } else {
      try Signal.probe(group: group)
    }
  }
}

/// Sends a request's signal through the library; nil means 0, which only checks the receiver.
///
/// The library has no values for other numbers, so the peer passes them to the kernel, as a C program would.
func sendSignal(
  _ number: Int32, directly: (Int32) -> Int32, _ send: (Signal?) throws -> Void
) throws -> Fields {
  let signal = Signal(rawValue: number)
  if number == 0 || signal != nil {
    try send(signal)
  } else {
    guard directly(number) == 0 else { throw Failure(Errno(rawValue: errno)) }
  }
  return Fields()
}

extension SignalSet {
  /// Waits like `sigtimedwait(2)`, which fails with `EAGAIN` both after a timeout and if no signal is pending, and with
  /// `EINVAL` if the timeout is negative.
  fileprivate func timedWait(_ duration: Duration, retryOnInterrupt: Bool = false) throws -> ReceivedSignal {
    guard duration >= .zero else { throw IPCError(.sigtimedwait, .invalidArgument) }
    do {
      return try wait(timeout: .after(duration), retryOnInterrupt: retryOnInterrupt)
    } catch let error where error.errno == .timedOut {
      return try wait(timeout: .immediate)
    }
  }
}

extension Fields {
  fileprivate mutating func append(_ received: ReceivedSignal) {
    append("signum", name(received.signal))
    append("si_code", name(received.origin))
    append("si_pid", received.process?.rawValue ?? 0)
    append("si_uid", received.user?.rawValue ?? 0)
    append("si_value", received.value)
  }
}

private func name(_ origin: ReceivedSignal.Origin) -> String {
  switch origin {
  case .sent: "SI_USER"
  case .queued: "SI_QUEUE"
  case .messageQueue: "SI_MESGQ"
  case .timer: "SI_TIMER"
  case .thread: "SI_TKILL"
  case .kernel: "SI_KERNEL"
  case .other(let code): "\(code)"
  }
}

/// Returns a signal's symbolic name, or a real-time signal's number.
private func name(_ signal: Signal) -> String { signal.isRealTime ? "\(signal.rawValue)" : "\(signal)" }

/// The number of times that each signal's handler ran.
///
/// The table is global and created early, because a handler must not allocate.
nonisolated(unsafe) private let handled: UnsafeMutablePointer<sig_atomic_t> = {
  let counters = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: signals.upperBound)
  unsafe counters.initialize(repeating: 0, count: signals.upperBound)
  return unsafe counters
}()

/// The information most recently passed to each `SA_SIGINFO` handler.
nonisolated(unsafe) private let latest: UnsafeMutablePointer<cipc_signal_information> = {
  let table = UnsafeMutablePointer<cipc_signal_information>.allocate(capacity: signals.upperBound)
  unsafe table.initialize(repeating: cipc_signal_information(), count: signals.upperBound)
  return unsafe table
}()

/// The signal numbers, up to `SIGRTMAX`.
private let signals = 1..<65

private let actionFlags = FlagTable(["SA_RESTART": SA_RESTART, "SA_SIGINFO": SA_SIGINFO])
private let descriptorFlags = FlagTable(["SFD_NONBLOCK": O_NONBLOCK])
private let maskings = FlagTable(["SIG_BLOCK": SIG_BLOCK, "SIG_UNBLOCK": SIG_UNBLOCK, "SIG_SETMASK": SIG_SETMASK])

/// The signal numbers by symbolic name; real-time signals have no symbolic names.
let signalNumbers: [String: Int32] = [
  "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP, "SIGABRT": SIGABRT,
  "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1, "SIGSEGV": SIGSEGV, "SIGUSR2": SIGUSR2,
  "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM, "SIGCHLD": SIGCHLD, "SIGCONT": SIGCONT,
  "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN, "SIGTTOU": SIGTTOU, "SIGURG": SIGURG,
  "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM, "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH,
  "SIGIO": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
]

extension Parameters {
  /// Parses a signal, given by its symbolic name or number.
  func signal(_ key: String = "signum") throws -> Int32 { try known(key).rawValue }

  /// Returns a signal as the library's type.
  func known(_ key: String = "signum") throws -> Signal { try signal(named: try text(key), key) }

  private func signal(named text: String, _ key: String) throws -> Signal {
    guard let number = signalNumbers[text] ?? Int32(decimal: text), signals.contains(Int(number)) else {
      throw Invalid("\(key)=\(text): there is no such signal here")
    }
    // The type has no values for the signals that the C library reserves.
    guard let signal = Signal(rawValue: number) else { throw Failure(.invalidArgument) }
    return signal
  }

  /// Returns the number to send, which need not be a signal's; 0 sends no signal.
  func sentNumber() throws -> Int32 {
    let text = try text("signum")
    return try signalNumbers[text] ?? Int32(decimal: text) ?? signal()
  }

  /// Sends the signal with a value to one process, without waiting.
  fileprivate func queue(_ number: Int32, _ value: Int32, to process: ProcessID) throws -> Fields {
    try sendSignal(number, directly: { cipc_sigqueue(process.rawValue, $0, value) }) { signal in
      if let signal {
        try signal.queue(value: value, to: process, timeout: .immediate)
      } else {
        try Signal.probe(process)
      }
    }
  }

  /// Parses one or more signals, joined by `|`, or `0` for none.
  func signalSet(_ key: String = "signum") throws -> SignalSet {
    if try text(key) == "0" { return [] }
    return SignalSet(
      try text(key).split(separator: "|", omittingEmptySubsequences: false).map { try signal(named: String($0), key) })
  }

  /// Returns the ID of a single process; rejects 0 and negative numbers, which mean process groups.
  func process() throws -> ProcessID {
    let process: Int32 = try integer("pid")
    guard process > 0 else { throw Invalid("pid=\(process): one process expected") }
    return ProcessID(rawValue: process)
  }
}
