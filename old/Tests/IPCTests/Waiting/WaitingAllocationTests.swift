import IPC
import Testing

@Suite struct WaitingAllocationTests {
  @Test(arguments: [Patience.forever, .atMost(.seconds(60)), .none])
  func `a wait costs no allocation`(_ patience: Patience) throws {
    let events = try EventPoll()
    let watched = try events.watch(EventCounter(), for: .readable, token: 1)
    let timer = try TimerDescriptor()
    let past = Deadline.now
    var ready: [ReadinessEvent] = []
    ready.reserveCapacity(64)
    var poll = Poll()
    var failures = 0
    let count = try allocations {
      if try watched.owner.add(1, patience: patience) != .added { failures += 1 }
      ready.removeAll(keepingCapacity: true)
      if try events.wait(appendingTo: &ready, patience: patience) != 1 { failures += 1 }
      // By index: an iterator that nobody optimised allocates.
      if ready[0].token != 1 || !ready[0].readiness.contains(.readable) { failures += 1 }
      try timer.set(at: past)
      poll.removeAll()
      poll.add(watched.owner, for: .readable, token: 1)
      poll.add(timer, for: .readable, token: 2)
      if try poll.wait(patience: patience) != 2 { failures += 1 }
      if !poll[0].readiness.contains(.readable) || poll[1].token != 2 { failures += 1 }
      if try watched.owner.take(patience: patience) != .took(1) { failures += 1 }
      if try timer.read(patience: patience) != .expired(1) { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }
}
