import Foundation
import SystemPackage

/// The result of running a program as a separate process.
struct ProgramRun: Sendable {
  /// The exit status; nil if the program exceeded its time limit or was killed by a signal.
  let status: Int32?
  /// The program's combined standard output and standard error.
  let output: String

  /// Runs a program in `directory`, with additional environment variables, and kills it after `timeout`.
  ///
  /// - Throws: ``RunError`` if the program cannot be started.
  init(
    _ command: [String], in directory: String, environment: [String: String], timeout: Duration
  ) throws(RunError) {
    let process = Process()
    let source: LineSource
    do {
      let pipe = try ChildPipe(keeping: .reader)
      source = LineSource(pipe.reader, limit: 1 << 26)
      let writer = FileHandle(fileDescriptor: pipe.writer.number, closeOnDealloc: false)
      process.executableURL = URL(fileURLWithPath: command[0])
      process.arguments = Array(command.dropFirst())
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.currentDirectoryURL = URL(fileURLWithPath: directory)
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = writer
      process.standardError = writer
      try withExtendedLifetime(pipe.writer) { try process.run() }
    } catch {
      throw RunError("\(command[0]) cannot be run: \(error)")
    }
    let delay = SchedulingDelay(of: process.processIdentifier)
    var limit = TimeLimit(timeout, delay: delay.total)
    while !source.isEnded, !limit.hasPassed(delay), !Interruption.isRequested {
      waitForInput([source], timeout: min(limit.remaining(), .seconds(1)))
    }
    let isLate = !source.isEnded
    if isLate { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    status = isLate || process.terminationReason != .exit ? nil : process.terminationStatus
    output = source.remainingLines().joined(separator: "\n")
  }
}
