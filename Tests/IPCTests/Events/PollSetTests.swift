import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PollSetTests {
  private func tokens(_ poll: PollSet) -> [UInt64] { poll.map { $0.token } }

  @Test func `Each descriptor is reported with its token and its readiness`() throws {
    let pipe = try AnonymousPipe()
    let counter = try EventFD()
    var poll = PollSet()
    poll.add(pipe.reader, for: .readable, token: 7)
    poll.add(pipe.writer, for: .writable, token: 8)
    poll.add(counter, for: [.readable, .writable], token: .max)
    #expect(try poll.wait() == 2)
    #expect(tokens(poll) == [7, 8, UInt64.max])
    let nothing: Readiness = []
    let both: Readiness = [.readable, .writable]
    #expect(poll[0].readiness == nothing)
    #expect(poll[1].readiness == Readiness.writable)
    #expect(poll[2].readiness == Readiness.writable)
    try pipe.writer.writeAll("x".utf8.span)
    try counter.write(1)
    #expect(try poll.wait(timeout: .immediate) == 3)
    #expect(poll[0].readiness == Readiness.readable)
    #expect(poll[1].readiness == Readiness.writable)
    #expect(poll[2].readiness == both)
  }

  @Test func `A wait returns 0 at its timeout, and not before`() throws {
    let counter = try EventFD()
    var poll = PollSet()
    poll.add(counter, for: .readable, token: 1)
    let timeout = Timeout.after(.milliseconds(20))
    #expect(try poll.wait(timeout: .immediate) == 0)
    #expect(try poll.wait(timeout: timeout) == 0)
    #expect(timeout.hasPassed)
    #expect(poll.allSatisfy { $0.readiness.isEmpty })
  }

  @Test func `A set that was emptied can be filled again`() throws {
    let counter = try EventFD(value: 1)
    var poll = PollSet()
    for token in 0..<3 { poll.add(counter, for: .readable, token: UInt64(token)) }
    poll.removeAll()
    #expect(poll.isEmpty)
    #expect(try poll.wait(timeout: .immediate) == 0)
    poll.add(counter, for: .readable, token: 9)
    #expect(try poll.wait() == 1)
    #expect(poll.first == poll.last)
    #expect(poll.first?.token == 9)
  }

  @Test func `Urgent data and the end of the peer are different events`() throws {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let first = OwnedDescriptor(taking: FileDescriptor(rawValue: ends[0]))
    let second = OwnedDescriptor(taking: FileDescriptor(rawValue: ends[1]))
    var poll = PollSet()
    poll.add(first, for: [.priority, .peerHangUp], token: 0)
    #expect(try poll.wait(timeout: .immediate) == 0)
    var byte: UInt8 = 1
    // Unix sockets support urgent data since Linux 5.15, depending on the kernel configuration.
    let sent = unsafe send(second.descriptor.rawValue, &byte, 1, Int32(MSG_OOB))
    if sent == 1 {
      #expect(try poll.wait() == 1)
      #expect(poll.first?.readiness == .priority)
    }
    #expect(shutdown(second.descriptor.rawValue, Int32(SHUT_WR)) == 0)
    #expect(try poll.wait() == 1)
    #expect(poll.first?.readiness.contains(.peerHangUp) == true)
  }

  @Test func `A closed descriptor is reported, and a negative one ignored`() throws {
    var poll = PollSet()
    poll.add(FileDescriptor(rawValue: 987_654), for: .readable, token: 1)
    poll.add(FileDescriptor(rawValue: -1), for: .readable, token: 2)
    #expect(try poll.wait() == 1)
    #expect(poll[0].readiness == .notOpen)
    #expect(poll[1].readiness.isEmpty)
  }

  @Test func `An interruption is reported if requested; otherwise the wait continues`() async {
    await #expect(processExitsWith: .success) {
      let counter = try EventFD()
      let events = try Epoll()
      var poll = PollSet()
      poll.add(counter, for: .readable, token: 1)
      var ready: [ReadinessEvent] = []
      let interruptions = Interruptions()
      #expect(failure { try poll.wait(retryOnInterrupt: false) } == IPCError(.ppoll, .interrupted))
      #expect(reason { try events.wait(appendingTo: &ready, retryOnInterrupt: false) } == .interrupted)
      #expect(reason { _ = try counter.read(retryOnInterrupt: false) } == .interrupted)
      let timeout = Timeout.after(.milliseconds(30))
      #expect(try poll.wait(timeout: timeout) == 0)
      #expect(try events.wait(appendingTo: &ready, timeout: timeout) == 0)
      #expect(timeout.hasPassed)
      interruptions.end()
    }
  }
}
