import Foundation

/// The programs that inject faults into a peer's system calls.
///
/// A tracer executes the peer: the tracer's command precedes the peer's.
struct InjectionTracer: Sendable {
  /// The path of the strace(1) program.
  let strace: String
  /// The path of the program that shortens a transfer.
  let shortener: String

  /// Searches `PATH` for strace.
  ///
  /// - Throws: ``RunError`` if strace is not installed.
  init(shortener: String) throws(RunError) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let places = path.split(separator: ":").map { "\($0)/strace" }
    guard let strace = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      throw RunError(
        "strace is not installed, so no fault was injected: apt-get install strace, or .ci/install-dependencies")
    }
    self.strace = strace
    self.shortener = shortener
  }

  /// The command that traces every call without changing it.
  ///
  /// After each descriptor number, the tracer prints the object that the descriptor refers to.
  var recording: [String] { [strace, "--daemonize", "--decode-fds=all", "--string-limit=32", "--"] }

  /// The command that traces a program and prints its objects' full names.
  var recordingProgram: [String] { [strace, "--daemonize", "--decode-fds=all", "--string-limit=256", "--"] }

  /// Returns the command that makes a program's system call fail.
  func program(injecting injection: ProgramInjection) -> [String] {
    let point = injection.point
    let fault = "--inject=\(point.call):error=\(injection.fault.rawValue):when=\(point.number)"
    return [strace, "--daemonize", "--decode-fds=all", "--string-limit=256", fault, "--"]
  }

  func command(injecting injection: Injection) -> [String] {
    func inject(_ call: String, _ what: String, _ number: Int) -> [String] {
      [strace, "--daemonize", "--string-limit=64", "--inject=\(call):\(what):when=\(number)", "--"]
    }
    let point = injection.point
    switch injection.fault {
    case .killedBefore: return inject(point.call, "signal=KILL", point.number)
    // To kill the peer after this call, the tracer kills it when it enters the next call.
    case .killedAfter: return inject(point.next.call, "signal=KILL", point.next.number)
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace:
      return inject(point.call, "error=\(injection.fault.rawValue)", point.number)
    case .short: return [shortener, point.call, "\(point.request + 1).\(point.numberInRequest)"]
    }
  }
}
