internal import Glibc

extension Parameters {
  /// A signal, by its symbol or its number.
  func signal(_ key: String = "signum") throws -> Int32 { try signal(named: try text(key), key) }

  func signal(named text: String, _ key: String) throws -> Int32 {
    if let signal = signalNumbers[text] { return signal }
    guard let number = Int32(text), 1..<65 ~= number else {
      throw Invalid("\(key)=\(text): there is no such signal")
    }
    return number
  }
}

/// Real-time signals have no symbols.
let signalNumbers: [String: Int32] = [
  "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP, "SIGABRT": SIGABRT,
  "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1, "SIGSEGV": SIGSEGV, "SIGUSR2": SIGUSR2,
  "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM, "SIGCHLD": SIGCHLD, "SIGCONT": SIGCONT,
  "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN, "SIGTTOU": SIGTTOU, "SIGURG": SIGURG,
  "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM, "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH,
  "SIGIO": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
]
