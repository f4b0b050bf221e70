@testable import Harness

/// Waits with time limits, for tests of sandboxes.
extension Sandbox {
  /// Waits until `condition` holds.
  ///
  /// It is checked for every output of the sandbox, and every `interval`.
  func wait(lookingEvery interval: Duration = .seconds(10), until condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try !condition() {
      guard ContinuousClock.now < deadline else { throw SandboxError("what a test waited for did not come") }
      try wait(interval)
    }
  }

  /// The lines that the first role, process `pid`, writes, until there are `most`, or until it has ended.
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
