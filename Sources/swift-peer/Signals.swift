internal import Glibc
internal import PeerContract
internal import SystemPackage

/// Signals: handlers that count, masks, and waiting for one.
let signalOperations: [Peer.Operation] = [
  .init("sigaction") { _, parameters in
    let signal = try parameters.signal()
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { unsafe handled[Int($0)] += 1 }
    action.sa_flags = try parameters.flags("sa_flags", of: actionFlags, default: 0)
    // Makes the counters before the handler can meet them unmade. A handler installed anew goes on counting.
    unsafe handled[Int(signal)] += 0
    guard unsafe sigaction(signal, &action, nil) == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },

  .init("sigcount") { _, parameters in
    var fields = Fields()
    fields.append("count", unsafe handled[Int(try parameters.signal())])
    return fields
  },

  .init("sigprocmask") { _, parameters in
    let how = try parameters.flags("how", of: maskings)
    var set = try parameters.signalSet()
    guard unsafe sigprocmask(how, &set, nil) == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },

  .init("sigtimedwait") { _, parameters in
    var set = try parameters.signalSet()
    let (seconds, attoseconds) = try parameters.duration("timeout").components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var info = unsafe siginfo_t()
    let signal = unsafe sigtimedwait(&set, &info, &time)
    guard signal > 0 else { throw Failure(Errno(rawValue: errno)) }
    var fields = Fields()
    fields.append("signum", signalNumbers.first { $0.value == signal }?.key ?? "\(signal)")
    let code = unsafe info.si_code
    fields.append("si_code", codes[Int(code)] ?? "\(code)")
    fields.append("si_pid", unsafe info._sifields._rt.si_pid)
    fields.append("si_uid", unsafe info._sifields._rt.si_uid)
    fields.append("si_value", unsafe info._sifields._rt.si_sigval.sival_int)
    return fields
  },
]

/// How often each handler ran. A handler can reach nothing but what is global and made before it.
nonisolated(unsafe) private let handled: UnsafeMutablePointer<sig_atomic_t> = {
  let counters = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: signals.upperBound)
  unsafe counters.initialize(repeating: 0, count: signals.upperBound)
  return unsafe counters
}()

/// From 1 on; the last is `SIGRTMAX`.
private let signals = 1..<65

private let actionFlags = FlagTable(["SA_RESTART": SA_RESTART])
private let maskings = FlagTable(["SIG_BLOCK": SIG_BLOCK, "SIG_UNBLOCK": SIG_UNBLOCK])
private let codes: [Int: String] = [
  SI_USER: "SI_USER", SI_QUEUE: "SI_QUEUE", SI_MESGQ: "SI_MESGQ", SI_TKILL: "SI_TKILL", SI_TIMER: "SI_TIMER",
  SI_KERNEL: "SI_KERNEL",
]

/// Real-time signals have no symbols: they are called by their numbers.
let signalNumbers: [String: Int32] = [
  "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP, "SIGABRT": SIGABRT,
  "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1, "SIGSEGV": SIGSEGV, "SIGUSR2": SIGUSR2,
  "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM, "SIGCHLD": SIGCHLD, "SIGCONT": SIGCONT,
  "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN, "SIGTTOU": SIGTTOU, "SIGURG": SIGURG,
  "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM, "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH,
  "SIGIO": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
]

extension Parameters {
  /// A signal, by its symbol or its number.
  func signal(_ key: String = "signum") throws -> Int32 {
    if let signal = signalNumbers[try text(key)] { return signal }
    guard let number = Int32(try text(key)), signals.contains(Int(number)) else {
      throw Invalid("\(key)=\(try text(key)): there is no such signal")
    }
    return number
  }

  fileprivate func signalSet() throws -> sigset_t {
    var set = sigset_t()
    _ = unsafe sigemptyset(&set)
    _ = unsafe sigaddset(&set, try signal())
    return set
  }
}
