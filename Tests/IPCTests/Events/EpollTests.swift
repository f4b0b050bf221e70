import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct EpollTests {
  private func tokens(_ events: borrowing Epoll, timeout: Timeout = .immediate) throws -> [UInt64] {
    var ready: [ReadinessEvent] = []
    let count = try events.wait(appendingTo: &ready, timeout: timeout)
    #expect(ready.count == count)
    return ready.map { $0.token }.sorted()
  }

  @Test func `A level-triggered descriptor is reported in each wait, with its token`() throws {
    let events = try Epoll()
    #expect(isCloseOnExec(events.descriptor.rawValue) == true)
    let pipe = try AnonymousPipe()
    let reader = try events.watch(pipe.reader, for: .readable, token: .max)
    let counter = try events.watch(EventFD(value: 1), for: [.readable, .writable], token: 5)
    #expect(try tokens(events) == [5])
    try pipe.writer.writeAll("x".utf8.span)
    #expect(try tokens(events) == [5, UInt64.max])
    #expect(try tokens(events) == [5, UInt64.max])
    var bytes: [UInt8] = []
    #expect(try reader.owner.read(maxLength: 8, appendingTo: &bytes, timeout: .immediate) == 1)
    #expect(try counter.owner.tryRead() == 1)
    var ready: [ReadinessEvent] = []
    #expect(try events.wait(appendingTo: &ready) == 1)
    #expect(ready.first?.readiness == .writable)
  }

  @Test func `An edge is reported once, and again after a change`() throws {
    let events = try Epoll()
    let counter = try events.watch(EventFD(value: 1), for: .readable, token: 1, trigger: .edge)
    #expect(try tokens(events) == [1])
    #expect(try tokens(events) == [])
    try counter.owner.write(1)
    #expect(try tokens(events) == [1])
    try counter.change(to: .readable, trigger: .edge)
    #expect(try tokens(events) == [1])
    try counter.change(to: .writable)
    #expect(try tokens(events) == [1])
    try counter.change(to: [])
    #expect(try tokens(events) == [])
  }

  @Test func `A descriptor that is reported once is reported again only after a change`() throws {
    let events = try Epoll()
    let counter = try events.watch(EventFD(value: 1), for: .readable, token: 1, once: true)
    #expect(try tokens(events) == [1])
    try counter.owner.write(1)
    #expect(try tokens(events) == [])
    try counter.change(to: .readable, once: true)
    #expect(try tokens(events) == [1])
    #expect(try tokens(events) == [])
  }

  @Test func `A removed descriptor is returned to the caller, and not reported`() throws {
    let events = try Epoll()
    let counter = try events.watch(EventFD(value: 3), for: .readable, token: 1).remove()
    #expect(try tokens(events) == [])
    #expect(try counter.tryRead() == 3)
    let again = try events.watch(counter, for: .writable, token: 2)
    #expect(try tokens(events) == [2])
    try again.remove().close()
  }

  @Test func `A descriptor is removed before it is closed, even if it has a duplicate`() throws {
    let events = try Epoll()
    let other: FileDescriptor
    do {
      let counter = try events.watch(EventFD(value: 1), for: .readable, token: 1)
      other = try counter.owner.descriptor.duplicate()
      #expect(try tokens(events) == [1])
    }
    // If the entry were not removed, the kernel would continue to report the duplicate.
    #expect(try tokens(events) == [])
    try other.close()
  }

  @Test func `A watched descriptor keeps the instance open until it is destroyed`() throws {
    let events = try Epoll()
    let number = events.descriptor
    let counter = try events.watch(EventFD(value: 1), for: .readable, token: 1)
    drop(events)
    try counter.change(to: .writable)
    #expect(isCloseOnExec(number.rawValue) == true)
    #expect(try counter.remove().tryRead() == 1)
  }

  private func drop(_ events: consuming Epoll) {}

  @Test func `A closed instance watches nothing, and a watched descriptor is still returned`() throws {
    let events = try Epoll()
    let counter = try events.watch(EventFD(value: 1), for: .readable, token: 1)
    try events.close()
    #expect(reason { try counter.change(to: .writable) } == .badFileDescriptor)
    #expect(try counter.remove().tryRead() == 1)
  }

  @Test func `A released instance can be adopted, and another descriptor cannot`() throws {
    let events = try Epoll()
    let counter = try EventFD(value: 1)
    try events.add(counter.descriptor, for: .readable, token: 4)
    let adopted = try Epoll(adopting: events.release())
    #expect(try tokens(adopted) == [4])
    #expect(reason { _ = try Epoll(adopting: counter.descriptor) } == .invalidArgument)
  }

  @Test func `An instance can watch another`() throws {
    let inner = try Epoll()
    let counter = try inner.watch(EventFD(), for: .readable, token: 1)
    let outer = try Epoll()
    let watched = try outer.watch(inner, for: .readable, token: 2)
    #expect(try tokens(outer) == [])
    try counter.owner.write(1)
    #expect(try tokens(outer) == [2])
    #expect(try tokens(watched.owner) == [1])
  }

  @Test func `Events beyond the maximum are reported by the next wait`() throws {
    let events = try Epoll()
    let first = try events.watch(EventFD(value: 1), for: .readable, token: 1)
    let second = try events.watch(EventFD(value: 1), for: .readable, token: 2)
    var ready: [ReadinessEvent] = []
    for count in 1...4 {
      #expect(try events.wait(appendingTo: &ready, maxEvents: 1) == 1)
      #expect(ready.count == count)
    }
    #expect(Set(ready.prefix(2).map { $0.token }) == Set<UInt64>([1, 2]))
    #expect {
      try events.wait(appendingTo: &ready, maxEvents: 0)
    } throws: {
      $0 as? IPCError
        == IPCError(.epollWait, .invalidArgument, on: .descriptor(events.descriptor))
    }
    #expect(reason { try events.wait(appendingTo: &ready, maxEvents: -1) } == .invalidArgument)
    #expect(try first.owner.read() == 1)
    #expect(try second.owner.read() == 1)
  }

  @Test func `A cycle of instances is refused`() throws {
    let outer = try Epoll()
    let watched = try outer.watch(Epoll(), for: .readable, token: 1)
    #expect(
      reason { _ = try watched.owner.add(outer.descriptor, for: .readable, token: 2) } == .tooManySymbolicLinkLevels)
    #expect(reason { try outer.add(watched.owner.descriptor, for: .readable, token: 3) } == .fileExists)
  }

  @Test func `A descriptor that the caller owns is added, changed and removed`() throws {
    let events = try Epoll()
    let counter = try EventFD(value: 1)
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
