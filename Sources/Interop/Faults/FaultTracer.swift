import Foundation

/// The programs that put faults into the system calls of a peer. Each is a command in front of the peer's own, which it
/// then becomes: whoever started the peer sees nothing else.
struct FaultTracer: Sendable {
  /// The path of strace(1).
  let strace: String
  /// The path of the program that shortens a transfer.
  let shortener: String

  /// - Throws: ``RunError`` where strace is not installed.
  init(root: String) throws(RunError) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let places = path.split(separator: ":").map { "\($0)/strace" }
    guard let strace = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      throw RunError(
        "strace is not installed, and no fault was tried: apt-get install strace, or .ci/install-dependencies")
    }
    self.strace = strace
    shortener = "\(root)/build/bin/short-transfer"
  }

  /// Every call is told, and none is touched. What a descriptor is stands behind its number.
  var recording: [String] { [strace, "--daemonize", "--decode-fds=all", "--string-limit=32", "--"] }

  func command(injecting fault: Fault, at point: FaultPoint) -> [String] {
    func inject(_ call: String, _ what: String, _ number: Int) -> [String] {
      [strace, "--daemonize", "--string-limit=64", "--inject=\(call):\(what):when=\(number)", "--"]
    }
    switch fault {
    case .killedBefore: return inject(point.call, "signal=KILL", point.number)
    // On entering the next call: nothing else has happened since.
    case .killedAfter: return inject(point.next.call, "signal=KILL", point.next.number)
    case .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace:
      return inject(point.call, "error=\(fault.rawValue)", point.number)
    case .short: return [shortener, point.call, "\(point.number)"]
    }
  }
}

extension PeerDescription {
  /// The same peer behind the command of a tracer.
  func behind(_ tracer: [String]) -> PeerDescription {
    PeerDescription(language: language, peer: peer.map { tracer + $0 }, examples: examples)
  }
}
