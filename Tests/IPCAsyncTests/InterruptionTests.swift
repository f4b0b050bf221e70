import Foundation
import IPC
import SystemPackage
import Testing

@testable import IPCAsync

/// Tests that a program can use the signal that the library uses to interrupt calls in threads.
@Suite struct InterruptionTests {
  enum Disposition: Int, CaseIterable, Sendable, Codable {
    case standard, ignored, handled, handledWithRestart
  }

  @Test(arguments: Disposition.allCases)
  func `Cancellation ends calls regardless of the disposition of the signal`(_ disposition: Disposition) async {
    await #expect(processExitsWith: .success) { [number = disposition.rawValue as Int] in
      let disposition = try #require(Disposition(rawValue: number))
      var action = sigaction()
      switch disposition {
      case .standard: break
      case .ignored: unsafe action.__sigaction_handler.sa_handler = SIG_IGN
      case .handled, .handledWithRestart:
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        action.sa_flags = disposition == .handledWithRestart ? SA_RESTART : 0
      }
      guard unsafe disposition == .standard || sigaction(SIGURG, &action, nil) == 0 else { exit(3) }
      for kind in EndpointKind.allCases where kind.needsThread {
        try await kind.withEndpoint { endpoint in
          for timeout in [Timeout.never, .after(.seconds(3600))] {
            let task = Task { try await endpoint.wait(timeout) }
            await eventually { CallThreads.shared.count > 0 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
          }
        }
      }
      var after = sigaction()
      guard unsafe sigaction(SIGURG, nil, &after) == 0 else { exit(4) }
      if disposition == .handledWithRestart { #expect(after.sa_flags & SA_RESTART != 0) }
    }
  }

  @Test func `A signal of the program does not end a call, and a process-wide signal does not go to its thread`() async
  {
    await #expect(processExitsWith: .success) {
      let set = try SystemVSemaphores.create(.private, count: 1)
      defer { try? set.remove() }
      let waiting = Task { try await set.perform(.acquire(0)) }
      while try set.countWaitingForIncrease(of: 0) == 0 { await Task.yield() }
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { _ in }
      guard unsafe sigaction(SIGURG, &action, nil) == 0 else { exit(3) }
      for _ in 0..<100 { kill(getpid(), SIGURG) }
      #expect(try set.value(of: 0) == 0)
      try set.perform(.release(0), timeout: .immediate, retryOnInterrupt: true)
      try await waiting.value
    }
  }
}
