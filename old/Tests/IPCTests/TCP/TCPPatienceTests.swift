import Glibc
import IPC
import SystemPackage
import Testing

@Suite(.serialized) struct TCPPatienceTests {
  @Test func `Accepting waits as long as it was told, and leaves nothing behind`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort)
      switch try listener.accept(patience: .none) {
      case .wouldBlock: break
      case .accepted: Issue.record("nobody connected")
      case .timedOut: Issue.record("nobody waited")
      }
      try expectTimeOut {
        switch try listener.accept(patience: $0) {
        case .timedOut: true
        case .accepted: false
        case .wouldBlock: false
        }
      }
      #expect(try listener.isNonBlocking == false)
    }
  }

  @Test func `Nobody who connects while another accepts inherits its deadline`() async throws {
    let listener = try TCP.Listener(at: anyPort)
    let address = try listener.address
    let listening = try duplicate(listener.descriptor)
    async let timeout = onThread {
      let stream = try TCP.Listener(adopting: listening).accepted()
      var value = timeval()
      var size = socklen_t(MemoryLayout<timeval>.size)
      #expect(unsafe getsockopt(stream.descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &value, &size) == 0)
      #expect(try stream.isNonBlocking == false)
      return value.tv_sec + value.tv_usec
    }
    let client = try TCP.Stream(.v4)
    #expect(try client.connect(to: address) == .connected)
    #expect(try await timeout == 0)
  }

  @Test func `A connect that gets no answer ends at its deadline, and goes on`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let first = try TCP.Stream(.v4)
      #expect(try first.connect(to: listener.address) == .connected)
      let second = try TCP.Stream(.v4)
      let address = try listener.address
      try expectTimeOut { try second.connect(to: address, patience: $0) == .timedOut }
      #expect(try second.connect(to: address, patience: .none) == .alreadyInProgress)
      try expectTimeOut { try second.connect(to: address, patience: $0) == .timedOut }
      #expect(try second.isNonBlocking == false)
    }
  }

  @Test func `Reading and writing end at their deadlines`() async throws {
    try await onThread {
      let connection = try Connection()
      var bytes: [UInt8] = []
      try expectTimeOut {
        try connection.server.read(atMost: 1, appendingTo: &bytes, patience: $0) == .timedOut(after: 0)
      }
      let many = [UInt8](repeating: 1, count: 64 << 20)
      guard case .timedOut(let sent) = try connection.client.writeAll(many.span, patience: .atMost(short)) else {
        Issue.record("nobody reads")
        return
      }
      #expect((1..<many.count).contains(sent))
    }
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600))])
  func `An interruption that was asked for is an error`(_ patience: Patience) async throws {
    try await onThread {
      let connection = try Connection()
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let address = try listener.address
      let first = try TCP.Stream(.v4)
      #expect(try first.connect(to: address) == .connected)
      let second = try TCP.Stream(.v4)
      let empty = try TCP.Listener(at: anyPort)
      let nagging = Nagging()
      defer { nagging.end() }
      var bytes: [UInt8] = []
      #expect(
        reason {
          _ = try connection.server.read(
            atMost: 1, appendingTo: &bytes, patience: patience, interruption: .report)
        } == .interrupted)
      #expect(reason { _ = try empty.accept(patience: patience, interruption: .report) } == .interrupted)
      #expect(
        reason { _ = try second.connect(to: address, patience: patience, interruption: .report) } == .interrupted)
    }
  }

  @Test func `An interruption that was not asked for changes nothing`() async throws {
    try await onThread {
      let listener = try TCP.Listener(at: anyPort, backlog: 0)
      let address = try listener.address
      let nagging = Nagging()
      defer { nagging.end() }
      try expectTimeOut {
        switch try listener.accept(patience: $0) {
        case .timedOut: true
        case .accepted: false
        case .wouldBlock: false
        }
      }
      #expect(try TCP.Stream(.v4).connect(to: address) == .connected)
      let second = try TCP.Stream(.v4)
      try expectTimeOut { try second.connect(to: address, patience: $0) == .timedOut }
    }
  }
}

private let short = Duration.milliseconds(20)

private func expectTimeOut(_ body: (Patience) throws -> Bool) throws {
  let deadline = Deadline.after(short)
  #expect(try body(.until(deadline)))
  #expect(deadline.hasPassed)
}
