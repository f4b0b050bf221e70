import Foundation
import SystemPackage
import Testing

@testable import IPC

@Suite struct BrokenPipeTests {
  /// Runs in a separate process with the default disposition, so a signal that is not suppressed kills the process.
  @Test func `A broken pipe is an error, and does not raise a signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      try expectBrokenPipe()
    }
  }

  /// Tests the fallback for kernels before Linux 6.18, which do not support RWF_NOSIGNAL.
  @Test func `Without the kernel's flag, a broken pipe does not raise a signal either`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      PipeSignal.assumeKernelWithoutFlag()
      try expectBrokenPipe()
    }
  }

  @Test func `A pending SIGPIPE of the program is preserved`() async {
    await #expect(processExitsWith: .success) {
      PipeSignal.assumeKernelWithoutFlag()
      block(SIGPIPE)
      let writer = try writerWithoutReader()
      _ = unsafe write(writer.descriptor.rawValue, "x", 1)
      guard isPending(SIGPIPE) else { exit(1) }
      guard reason({ _ = try writer.write([1].span) }) == .brokenPipe else { exit(2) }
      guard isPending(SIGPIPE), isBlocked(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `A blocked SIGPIPE is not left pending`() async {
    await #expect(processExitsWith: .success) {
      PipeSignal.assumeKernelWithoutFlag()
      block(SIGPIPE)
      let writer = try writerWithoutReader()
      guard reason({ _ = try writer.write([1].span) }) == .brokenPipe else { exit(2) }
      guard !isPending(SIGPIPE), isBlocked(SIGPIPE) else { exit(3) }
    }
  }

  @Test(arguments: [false, true])
  func `A waiting write whose last reader closes does not raise a signal`(_ hasFlag: Bool) async {
    await #expect(processExitsWith: .success) { [hasFlag] in
      signal(SIGPIPE, SIG_DFL)
      if !hasFlag { PipeSignal.assumeKernelWithoutFlag() }
      let pipe = try AnonymousPipe()
      let reading = pipe.reader.release()
      let writer = pipe.writer
      Thread {
        try? until { try PipeReader(adopting: try duplicate(reading)).bytesAvailable == 65536 }
        try? reading.close()
      }.start()
      guard try writer.write([UInt8](repeating: 1, count: 1 << 20).span) == 65536 else { exit(1) }
      guard reason({ _ = try writer.write([1].span) }) == .brokenPipe else { exit(2) }
      guard !isBlocked(SIGPIPE), !isPending(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `If a reader closes during a write, the error has the number of written bytes`() async throws {
    let pipe = try AnonymousPipe()
    let writing = pipe.writer.release()
    let reader = pipe.reader
    async let error = onThread {
      failure { try PipeWriter(adopting: writing).writeAll([UInt8](repeating: 1, count: 1 << 20).span) }
    }
    while try reader.bytesAvailable < 65536 { await Task.yield() }
    try reader.close()
    let seen = try await error
    #expect(seen?.errno == .brokenPipe)
    #expect(seen?.transferred == 65536)
  }
}

private func writerWithoutReader() throws -> PipeWriter {
  let pipe = try AnonymousPipe()
  let writer = pipe.writer
  try pipe.reader.close()
  return writer
}

/// Checks that the disposition and the mask do not change, and that no signal stays pending.
private func expectBrokenPipe() throws {
  let writer = try writerWithoutReader()
  for timeout in [Timeout.never, .immediate, .after(.seconds(3600))] {
    guard reason({ _ = try writer.write([1].span, timeout: timeout) }) == .brokenPipe,
      reason({ try writer.writeAll([1].span, timeout: timeout) }) == .brokenPipe,
      reason({ try writer.writeAtomically([1].span, timeout: timeout) }) == .brokenPipe
    else { exit(1) }
  }
  var action = sigaction()
  _ = unsafe sigaction(SIGPIPE, nil, &action)
  guard unsafe action.__sigaction_handler.sa_handler == nil else { exit(2) }
  guard !isBlocked(SIGPIPE), !isPending(SIGPIPE) else { exit(3) }
}

private func isPending(_ signal: Int32) -> Bool {
  var set = sigset_t()
  return unsafe sigpending(&set) == 0 && sigismember(&set, signal) == 1
}

private func isBlocked(_ signal: Int32) -> Bool {
  var set = sigset_t()
  return unsafe pthread_sigmask(SIG_BLOCK, nil, &set) == 0 && sigismember(&set, signal) == 1
}

private func block(_ signal: Int32) {
  var set = sigset_t()
  unsafe sigemptyset(&set)
  unsafe sigaddset(&set, signal)
  unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
}
