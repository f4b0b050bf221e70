import IPC
import IPCAsync
import SystemPackage
import Testing

/// The behavior that all waiting calls have in common.
@Suite struct WaitingCallsTests {
  @Test(arguments: EndpointKind.allCases)
  func `A call that does not need to wait returns immediately`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      #expect(try endpoint.provide())
      try await endpoint.wait(.immediate)
    }
  }

  @Test(arguments: EndpointKind.allCases)
  func `An immediate call that would have to wait throws`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      let error = try await reason { try await endpoint.wait(.immediate) }
      #expect(error == .wouldBlock)
    }
  }

  @Test(arguments: EndpointKind.allCases)
  func `A call waits, and returns when it can complete`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      for _ in 0..<20 {
        async let waiting: Void = endpoint.wait(.never)
        await Task.yield()
        #expect(try endpoint.provide())
        try await waiting
      }
    }
  }

  @Test(arguments: EndpointKind.allCases)
  func `A timeout is never too early, and consumes nothing`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      for milliseconds in [0, 1, 5, 20] {
        let start = SuspendingClock().now
        let limit = Duration.milliseconds(milliseconds)
        let error = try await reason { try await endpoint.wait(.after(limit)) }
        #expect(error == .timedOut)
        #expect(start.duration(to: SuspendingClock().now) >= limit)
      }
      #expect(try endpoint.provide())
      try await endpoint.wait(.after(.seconds(3600)))
    }
  }

  @Test(arguments: EndpointKind.allCases)
  func `A cancelled task does not make the call`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      #expect(try endpoint.provide())
      let task = Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        try await endpoint.wait(.never)
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      try await endpoint.wait(.immediate)
    }
  }

  @Test(arguments: EndpointKind.allCases)
  func `Cancellation ends a wait`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      for timeout in [Timeout.never, .after(.seconds(3600))] {
        for yields in 0..<20 {
          let task = Task { try await endpoint.wait(timeout) }
          for _ in 0..<yields { await Task.yield() }
          task.cancel()
          await #expect(throws: CancellationError.self) { try await task.value }
        }
      }
      #expect(try endpoint.provide())
      try await endpoint.wait(.immediate)
    }
  }

  /// Each round provides one message, and cancels the call at a random time before or after that.
  @Test(arguments: EndpointKind.allCases)
  func `Many cancellations do not lose or duplicate messages`(_ kind: EndpointKind) async throws {
    try await kind.withEndpoint { endpoint in
      var numbers = SystemRandomNumberGenerator()
      var (provided, received, cancelled) = (0, 0, 0)
      for _ in 0..<300 {
        let task = Task { try await endpoint.wait(.never) }
        let canceller = Task { [yields = Int.random(in: 0..<6, using: &numbers)] in
          for _ in 0..<yields { await Task.yield() }
          task.cancel()
        }
        for _ in 0..<Int.random(in: 0..<6, using: &numbers) { await Task.yield() }
        if try endpoint.provide() { provided += 1 }
        await canceller.value
        do {
          try await task.value
          received += 1
        } catch is CancellationError {
          cancelled += 1
        }
        // Start the next round with an endpoint on which a call has to wait.
        while try await reason({ try await endpoint.wait(.immediate) }) == nil { received += 1 }
      }
      #expect(received == provided)
      #expect(cancelled > 0)
    }
  }
}

/// Returns the errno with which `body` fails; nil if it succeeds.
func reason(_ body: () async throws -> Void) async throws -> Errno? {
  do {
    try await body()
    return nil
  } catch let error as IPCError {
    return error.errno
  }
}
