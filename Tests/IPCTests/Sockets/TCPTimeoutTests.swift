import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct TCPTimeoutTests {
  @Test func `Accepting waits until its deadline, and changes no option`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort)
      #expect(reason { _ = try listener.accept(timeout: .immediate) } == .wouldBlock)
      let isEmpty = try listener.tryAccept() == nil
      #expect(isEmpty)
      expectTimeout { _ = try listener.accept(timeout: $0) }
      #expect(try listener.isNonBlocking == false)
    }
  }

  @Test func `An accepted connection does not inherit the deadline`() async throws {
    let listener = try TCP.Listener(at: anyPort)
    let address = try listener.address
    let listening = try duplicate(listener.descriptor)
    async let timeout = onThread {
      let stream = try TCP.Listener(adopting: listening).accepted()
      // struct timeval
      var value: (seconds: Int, microseconds: Int) = (-1, -1)
      var size = socklen_t(MemoryLayout.size(ofValue: value))
      #expect(unsafe getsockopt(stream.descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &value, &size) == 0)
      #expect(try stream.isNonBlocking == false)
      return value.seconds + value.microseconds
    }
    let client = try TCP.Stream(.v4)
    try client.connect(to: address)
    #expect(try await timeout == 0)
  }

  @Test func `A connect without response ends at its deadline, and the attempt continues`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let first = try TCP.Stream(.v4)
      try first.connect(to: listener.address)
      let second = try TCP.Stream(.v4)
      let address = try listener.address
      expectTimeout { try second.connect(to: address, timeout: $0) }
      #expect(reason { try second.connect(to: address, timeout: .immediate) } == .alreadyInProcess)
      expectTimeout { try second.connect(to: address, timeout: $0) }
      #expect(try second.isNonBlocking == false)
    }
  }

  @Test func `Reading and write end at their deadlines`() async throws {
    try await onThread {
      let connection = try Connection()
      var bytes: [UInt8] = []
      expectTimeout {
        _ = try connection.server.read(maxLength: 1, appendingTo: &bytes, timeout: $0)
      }
      let many = [UInt8](repeating: 1, count: 64 << 20)
      let error = failure { try connection.client.writeAll(many.span, timeout: .after(.milliseconds(20))) }
      #expect(error?.errno == .timedOut)
      #expect((1..<many.count).contains(error?.transferred ?? 0))
    }
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600))])
  func `Without retryOnInterrupt, an interruption is an error`(_ timeout: Timeout) async throws {
    try await onThread {
      let connection = try Connection()
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let address = try listener.address
      let first = try TCP.Stream(.v4)
      try first.connect(to: address)
      let second = try TCP.Stream(.v4)
      let empty = try TCP.Listener(at: anyPort)
      let interruptions = Interruptions()
      defer { interruptions.end() }
      var bytes: [UInt8] = []
      #expect(
        reason {
          _ = try connection.server.read(
            maxLength: 1, appendingTo: &bytes, timeout: timeout, retryOnInterrupt: false)
        } == .interrupted)
      #expect(reason { _ = try empty.accept(timeout: timeout, retryOnInterrupt: false) } == .interrupted)
      #expect(
        reason { _ = try second.connect(to: address, timeout: timeout, retryOnInterrupt: false) } == .interrupted)
    }
  }

  @Test func `With retryOnInterrupt, an interruption does not move the deadline`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let address = try listener.address
      let interruptions = Interruptions()
      defer { interruptions.end() }
      expectTimeout { _ = try listener.accept(timeout: $0) }
      try TCP.Stream(.v4).connect(to: address)
      let second = try TCP.Stream(.v4)
      expectTimeout { try second.connect(to: address, timeout: $0) }
    }
  }
}
