import IPC
import Testing

@Suite struct EventAllocationTests {
  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A wait does not allocate`(_ timeout: Timeout) throws {
    let events = try Epoll()
    let watched = try events.watch(EventFD(), for: .readable, token: 1)
    let timer = try TimerFD()
    let past = SuspendingClock().now
    var ready: [ReadinessEvent] = []
    ready.reserveCapacity(64)
    var poll = PollSet()
    var failures = 0
    let count = try allocations {
      try watched.owner.write(1, timeout: timeout)
      ready.removeAll(keepingCapacity: true)
      if try events.wait(appendingTo: &ready, timeout: timeout) != 1 { failures += 1 }
      // Use an index, because an iterator allocates memory in a debug build.
      if ready[0].token != 1 || !ready[0].readiness.contains(.readable) { failures += 1 }
      try timer.set(at: past)
      poll.removeAll()
      poll.add(watched.owner, for: .readable, token: 1)
      poll.add(timer, for: .readable, token: 2)
      if try poll.wait(timeout: timeout) != 2 { failures += 1 }
      if !poll[0].readiness.contains(.readable) || poll[1].token != 2 { failures += 1 }
      if try watched.owner.read(timeout: timeout) != 1 { failures += 1 }
      if try timer.read(timeout: timeout) != 1 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }
}
