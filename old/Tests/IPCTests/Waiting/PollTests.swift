import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PollTests {
  private func tokens(_ poll: Poll) -> [UInt64] { poll.map { $0.token } }

  @Test func `Each is told of by its token, with what it is ready for`() throws {
    let pipe = try IPC.Pipe()
    let counter = try EventCounter()
    var poll = Poll()
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
    #expect(try counter.add(1) == .added)
    #expect(try poll.wait(patience: .none) == 3)
    #expect(poll[0].readiness == Readiness.readable)
    #expect(poll[1].readiness == Readiness.writable)
    #expect(poll[2].readiness == both)
  }

  @Test func `Patience ends by its kind, and no earlier`() throws {
    let counter = try EventCounter()
    var poll = Poll()
    poll.add(counter, for: .readable, token: 1)
    let deadline = Deadline.after(.milliseconds(20))
    #expect(try poll.wait(patience: .none) == 0)
    #expect(try poll.wait(patience: .until(deadline)) == 0)
    #expect(deadline.hasPassed)
    #expect(poll.allSatisfy { $0.readiness.isEmpty })
  }

  @Test func `A list that is emptied can be filled anew`() throws {
    let counter = try EventCounter(value: 1)
    var poll = Poll()
    for token in 0..<3 { poll.add(counter, for: .readable, token: UInt64(token)) }
    poll.removeAll()
    #expect(poll.isEmpty)
    #expect(try poll.wait(patience: .none) == 0)
    poll.add(counter, for: .readable, token: 9)
    #expect(try poll.wait() == 1)
    #expect(poll.first == poll.last)
    #expect(poll.first?.token == 9)
  }

  @Test func `Urgent data and the end of the other side are told apart`() throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    var poll = Poll()
    poll.add(pair.first, for: [.priority, .peerHangUp], token: 0)
    #expect(try poll.wait(patience: .none) == 0)
    var byte: UInt8 = 1
    // Linux 5.15 and later have it, where it was configured.
    let sent = unsafe send(pair.second.descriptor.rawValue, &byte, 1, Int32(MSG_OOB))
    if sent == 1 {
      #expect(try poll.wait() == 1)
      #expect(poll.first?.readiness == .priority)
    }
    try pair.second.shutDown(.sending)
    #expect(try poll.wait() == 1)
    #expect(poll.first?.readiness.contains(.peerHangUp) == true)
  }

  @Test func `A number under which nothing is open is no failure`() throws {
    #expect(try Readiness.of(FileDescriptor(rawValue: 987_654), for: .readable) == .notOpen)
    #expect(try Readiness.of(FileDescriptor(rawValue: -1), for: .readable).isEmpty)
  }

  @Test func `An interruption is reported to who asked, and else the wait goes on`() async {
    await #expect(processExitsWith: .success) {
      let counter = try EventCounter()
      let events = try EventPoll()
      var poll = Poll()
      poll.add(counter, for: .readable, token: 1)
      var ready: [ReadinessEvent] = []
      let nagging = Nagging()
      #expect(throws: IPCError(call: "ppoll", errno: .interrupted)) { try poll.wait(interruption: .report) }
      #expect(reason { try events.wait(appendingTo: &ready, interruption: .report) } == .interrupted)
      #expect(reason { _ = try counter.take(interruption: .report) } == .interrupted)
      let deadline = Deadline.after(.milliseconds(30))
      #expect(try poll.wait(patience: .until(deadline)) == 0)
      #expect(try events.wait(appendingTo: &ready, patience: .until(deadline)) == 0)
      #expect(deadline.hasPassed)
      nagging.end()
    }
  }
}
