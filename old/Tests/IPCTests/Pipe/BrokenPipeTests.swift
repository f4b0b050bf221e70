import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct BrokenPipeTests {
  /// In a process of its own, where the signal is as the system has it: whoever lets it through dies.
  @Test func `A broken pipe is a result, and nobody dies of it`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let pipe = try IPC.Pipe()
      try pipe.reader.close()
      guard try pipe.writer.write([1].span) == .nobodyReads(after: 0),
        try pipe.writer.writeAll([1].span) == .nobodyReads(after: 0),
        try pipe.writer.writeAtomically([1].span, patience: .none) == .nobodyReads(after: 0),
        try pipe.writer.write([1].span, patience: .atMost(.seconds(9))) == .nobodyReads(after: 0)
      else { exit(1) }
      // Neither the disposition nor the mask has changed, and nothing waits to be delivered.
      var action = sigaction()
      _ = unsafe sigaction(SIGPIPE, nil, &action)
      guard unsafe action.__sigaction_handler.sa_handler == nil else { exit(2) }
      guard !isBlocked(SIGPIPE), !isPending(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `The signal of somebody else's write is left to them`() async {
    await #expect(processExitsWith: .success) {
      block(SIGPIPE)
      let pipe = try IPC.Pipe()
      try pipe.reader.close()
      _ = unsafe write(pipe.writer.descriptor.rawValue, "x", 1)
      guard isPending(SIGPIPE) else { exit(1) }
      guard try pipe.writer.write([1].span) == .nobodyReads(after: 0) else { exit(2) }
      guard isPending(SIGPIPE), isBlocked(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `A signal that was blocked and not pending is not left behind`() async {
    await #expect(processExitsWith: .success) {
      block(SIGPIPE)
      let pipe = try IPC.Pipe()
      try pipe.reader.close()
      guard try pipe.writer.write([1].span) == .nobodyReads(after: 0) else { exit(2) }
      guard !isPending(SIGPIPE), isBlocked(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `A write whose reader goes while it waits raises the signal too, and nobody dies of it`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let pipe = try IPC.Pipe()
      let reading = try duplicate(pipe.reader.descriptor)
      try pipe.reader.close()
      Thread {
        try? until { try IPC.Pipe.Reader(adopting: try duplicate(reading)).bytesWaiting == 65536 }
        try? reading.close()
      }.start()
      guard try pipe.writer.write([UInt8](repeating: 1, count: 1 << 20).span) == .wrote(65536) else { exit(1) }
      guard try pipe.writer.write([1].span) == .nobodyReads(after: 0) else { exit(2) }
      guard !isBlocked(SIGPIPE), !isPending(SIGPIPE) else { exit(3) }
    }
  }

  @Test func `A reader that goes in the middle of a write leaves a count`() async throws {
    let pipe = try IPC.Pipe()
    let writing = try duplicate(pipe.writer.descriptor)
    async let result = onThread {
      try IPC.Pipe.Writer(adopting: writing).writeAll([UInt8](repeating: 1, count: 1 << 20).span)
    }
    while try pipe.reader.bytesWaiting < 65536 { await Task.yield() }
    try pipe.reader.close()
    #expect(try await result == .nobodyReads(after: 65536))
  }
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
