import Glibc
import SystemPackage
import Testing

@testable import IPC

@Suite struct FilterTests {
  private static let large = [UInt8]((0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) })

  @Test func `A filter returns the output and the status of the program`() async throws {
    try await onThread {
      let text = Array("apple\nbanana\nmango\n".utf8)
      let (found, status) = try ChildProcess.filter("grep", arguments: ["an"], input: text.span)
      #expect(String(decoding: found, as: UTF8.self) == "banana\nmango\n")
      #expect(status == .exited(0))
      #expect(try ChildProcess.filter("grep", arguments: ["x"], input: text.span).status == .exited(1))
    }
  }

  @Test func `1 MiB in both directions does not deadlock`() async throws {
    try await onThread {
      let (output, status) = try ChildProcess.filter("cat", input: Self.large.span)
      #expect(output == Self.large)
      #expect(status == .exited(0))
    }
  }

  @Test(arguments: [true, false])
  func `A program that reads only part of its input is not an error`(_ knowsFlag: Bool) async {
    await #expect(processExitsWith: .success) { [knowsFlag] in
      // Unblock SIGPIPE. The test threads block signals, so a SIGPIPE would otherwise have no effect.
      var signals = sigset_t()
      _ = unsafe sigaddset(&signals, SIGPIPE)
      _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      if !knowsFlag { PipeSignal.assumeKernelWithoutFlag() }
      let input = [UInt8](repeating: 7, count: 1 << 20)
      let (output, status) = try ChildProcess.filter("head", arguments: ["-c", "1"], input: input.span)
      #expect(output == [7])
      #expect(status == .exited(0))
    }
  }

  @Test func `A program that does not read its input is not an error`() async throws {
    try await onThread {
      let (output, status) = try ChildProcess.filter("true", input: Self.large.span)
      #expect(output.isEmpty)
      #expect(status == .exited(0))
    }
  }

  @Test func `The output is limited, and SIGPIPE ends the program`() async throws {
    try await onThread {
      let nothing: [UInt8] = []
      let (output, status) = try ChildProcess.filter("yes", input: nothing.span, maxLength: 1001)
      #expect(output.count == 1001)
      #expect(status == .signaled(.brokenPipe))
    }
  }

  @Test func `A program that does not end in time is killed and leaves no zombie`() async {
    await #expect(processExitsWith: .success) {
      let nothing: [UInt8] = []
      let timeout = Timeout.after(.milliseconds(30))
      let error = failure {
        _ = try ChildProcess.filter("sleep", arguments: ["3600"], input: nothing.span, timeout: timeout)
      }
      #expect(error?.errno == .timedOut)
      #expect(timeout.hasPassed)
      #expect(waitpid(-1, nil, 0) == -1 && errno == ECHILD)
    }
  }

  @Test func `A program that closes its output and continues is waited for until the timeout`() async {
    await #expect(processExitsWith: .success) {
      let nothing: [UInt8] = []
      #expect(
        reason {
          _ = try ChildProcess.filter(
            "sh", arguments: ["-c", "exec >&-; exec sleep 3600"], input: nothing.span,
            timeout: .after(.milliseconds(50)))
        } == .timedOut)
      #expect(waitpid(-1, nil, 0) == -1 && errno == ECHILD)
    }
  }

  @Test func `An interruption is reported if requested, and the program is killed`() async {
    await #expect(processExitsWith: .success) {
      let nothing: [UInt8] = []
      let interruptions = Interruptions()
      #expect(
        reason {
          _ = try ChildProcess.filter("sleep", arguments: ["3600"], input: nothing.span, retryOnInterrupt: false)
        } == .interrupted)
      interruptions.end()
      while waitpid(-1, nil, 0) == -1 && errno == EINTR {}
      #expect(errno == ECHILD)
    }
  }
}
