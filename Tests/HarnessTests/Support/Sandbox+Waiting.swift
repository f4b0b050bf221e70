@testable import Harness

/// Waits that have a time limit. If the limit expires, the test fails.
extension Sandbox {
  /// Waits until `condition` is true.
  ///
  /// Checks the condition after each output from the sandbox, and at least once in each `interval`.
  func wait(lookingEvery interval: Duration = .seconds(10), until condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try !condition() {
      guard ContinuousClock.now < deadline else { throw SandboxError("a condition did not become true in time") }
      try wait(interval)
    }
  }

  /// Returns up to `most` lines that the first role, process `pid`, writes before it exits.
  func lines(of pid: Int, most: Int = .max) throws -> [String] {
    let output = streams[0].output
    var lines: [String] = []
    try wait {
      while let line = output.nextLine() { lines.append(line) }
      return lines.count >= most || (output.isEnded && terminationStatus(of: pid) != nil)
    }
    return lines
  }
}
