import IPC
import SystemPackage
import Testing

@Suite struct EventPollTests {
  private func tokens(_ events: borrowing EventPoll, patience: Patience = .none) throws -> [UInt64] {
    var ready: [ReadinessEvent] = []
    let count = try events.wait(appendingTo: &ready, patience: patience)
    #expect(ready.count == count)
    return ready.map { $0.token }.sorted()
  }

  @Test func `What is ready is told of by its token, every time`() throws {
    let events = try EventPoll()
    #expect(isCloseOnExec(events.descriptor.rawValue) == true)
    let pipe = try IPC.Pipe()
    let reader = try events.watch(pipe.reader, for: .readable, token: .max)
    let counter = try events.watch(EventCounter(value: 1), for: [.readable, .writable], token: 5)
    #expect(try tokens(events) == [5])
    try pipe.writer.writeAll("x".utf8.span)
    #expect(try tokens(events) == [5, UInt64.max])
    #expect(try tokens(events) == [5, UInt64.max])
    var bytes: [UInt8] = []
    #expect(try reader.owner.read(atMost: 8, appendingTo: &bytes, patience: .none) == .read(1))
    #expect(try counter.owner.take(patience: .none) == .took(1))
    var ready: [ReadinessEvent] = []
    #expect(try events.wait(appendingTo: &ready) == 1)
    #expect(ready.first?.readiness == .writable)
  }

  @Test func `An edge is told of once, and what is asked of anew again`() throws {
    let events = try EventPoll()
    let counter = try events.watch(EventCounter(value: 1), for: .readable, token: 1, trigger: .edge)
    #expect(try tokens(events) == [1])
    #expect(try tokens(events) == [])
    #expect(try counter.owner.add(1) == .added)
    #expect(try tokens(events) == [1])
    try counter.change(to: .readable, trigger: .edge)
    #expect(try tokens(events) == [1])
    try counter.change(to: .writable)
    #expect(try tokens(events) == [1])
    try counter.change(to: [])
    #expect(try tokens(events) == [])
  }

  @Test func `What is told of once is told of no more until it is asked of anew`() throws {
    let events = try EventPoll()
    let counter = try events.watch(EventCounter(value: 1), for: .readable, token: 1, once: true)
    #expect(try tokens(events) == [1])
    #expect(try counter.owner.add(1) == .added)
    #expect(try tokens(events) == [])
    try counter.change(to: .readable, once: true)
    #expect(try tokens(events) == [1])
    #expect(try tokens(events) == [])
  }

  @Test func `What is removed is its owner's again, and not told of`() throws {
    let events = try EventPoll()
    let counter = try events.watch(EventCounter(value: 3), for: .readable, token: 1).remove()
    #expect(try tokens(events) == [])
    #expect(try counter.take(patience: .none) == .took(3))
    let again = try events.watch(counter, for: .writable, token: 2)
    #expect(try tokens(events) == [2])
    try again.remove().close()
  }

  @Test func `The watching ends before the descriptor is closed, though another has it too`() throws {
    let events = try EventPoll()
    let other: FileDescriptor
    do {
      let counter = try events.watch(EventCounter(value: 1), for: .readable, token: 1)
      other = try counter.owner.descriptor.duplicate()
      #expect(try tokens(events) == [1])
    }
    // Were it closed first, the kernel would go on to tell of the duplicate.
    #expect(try tokens(events) == [])
    try other.close()
  }

  @Test func `What is watched keeps the kernel's side until it goes`() throws {
    let events = try EventPoll()
    let number = events.descriptor
    let counter = try events.watch(EventCounter(value: 1), for: .readable, token: 1)
    events.close()
    try counter.change(to: .writable)
    #expect(isCloseOnExec(number.rawValue) == true)
    #expect(try counter.remove().take(patience: .none) == .took(1))
  }

  @Test func `One watches another`() throws {
    let inner = try EventPoll()
    let counter = try inner.watch(EventCounter(), for: .readable, token: 1)
    let outer = try EventPoll()
    let watched = try outer.watch(inner, for: .readable, token: 2)
    #expect(try tokens(outer) == [])
    #expect(try counter.owner.add(1) == .added)
    #expect(try tokens(outer) == [2])
    #expect(try tokens(watched.owner) == [1])
  }

  @Test func `More than there is room for is told of in turn`() throws {
    let events = try EventPoll()
    let first = try events.watch(EventCounter(value: 1), for: .readable, token: 1)
    let second = try events.watch(EventCounter(value: 1), for: .readable, token: 2)
    var ready: [ReadinessEvent] = []
    for count in 1...4 {
      #expect(try events.wait(appendingTo: &ready, atMost: 1) == 1)
      #expect(ready.count == count)
    }
    #expect(Set(ready.prefix(2).map { $0.token }) == Set<UInt64>([1, 2]))
    #expect {
      try events.wait(appendingTo: &ready, atMost: 0)
    } throws: {
      $0 as? IPCError
        == IPCError(call: "epoll_pwait2", errno: .invalidArgument, object: .descriptor(events.descriptor))
    }
    #expect(reason { try events.wait(appendingTo: &ready, atMost: -1) } == .invalidArgument)
    #expect(try first.owner.take() == .took(1))
    #expect(try second.owner.take() == .took(1))
  }

  @Test func `A circle is refused`() throws {
    let outer = try EventPoll()
    let watched = try outer.watch(EventPoll(), for: .readable, token: 1)
    #expect(
      reason { _ = try watched.owner.add(outer.descriptor, for: .readable, token: 2) } == .tooManySymbolicLinkLevels)
    #expect(reason { try outer.add(watched.owner.descriptor, for: .readable, token: 3) } == .fileExists)
  }

  // epoll(7): an entry is the number and what it stands for, and goes by hand, or with the last duplicate.
  @Test func `What is watched without an owner is changed and removed by its number`() throws {
    let events = try EventPoll()
    let counter = try EventCounter(value: 1)
    #expect(reason { try events.remove(counter.descriptor) } == .noSuchFileOrDirectory)
    #expect(reason { try events.change(counter.descriptor, to: .readable, token: 1) } == .noSuchFileOrDirectory)
    try events.add(counter.descriptor, for: .readable, token: 1)
    #expect(try tokens(events) == [1])
    try events.change(counter.descriptor, to: .writable, token: 2)
    #expect(try tokens(events) == [2])
    try events.remove(counter.descriptor)
    #expect(try tokens(events) == [])
  }
}
