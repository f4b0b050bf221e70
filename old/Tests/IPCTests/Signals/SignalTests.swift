import Foundation
import IPC
import SystemPackage
import Testing

/// Signals concern the whole process, so what is sent is sent in one of its own; and to one thread of it, since the others,
/// which are not ours, do not block it. Values, which only a process can be sent, are left to the scenarios.
@Suite struct SignalTests {
  @Test(arguments: [-1, 0, 32, 33, 65]) func `a number that is no signal makes none`(number: Int32) {
    #expect(Signal(rawValue: number) == nil)
  }

  @Test func `signals have the names of C`() {
    #expect("\(Signal.user1)" == "SIGUSR1")
    #expect("\(Signal.firstRealTime)" == "SIGRTMIN")
    #expect(Signal.realTime(2).map { "\($0)" } == "SIGRTMIN+2")
    #expect(Signal.realTime(-1) == nil)
    #expect(Signal.realTime(31) == nil)
  }

  @Test func `a set has what was put into it`() {
    let set: SignalSet = [.user2, .hangUp, .firstRealTime]
    #expect(set.signals == [.hangUp, .user2, .firstRealTime])
    #expect(set.contains(.hangUp))
    #expect(!set.contains(.user1))
    #expect(SignalSet().isEmpty)
  }

  @Test(arguments: [0, -1, Int32.min]) func `what is not one process is sent nothing`(process: Int32) {
    #expect(reason { try Signal.continue.send(to: process) } == .invalidArgument)
    #expect(reason { _ = try Signal.continue.queue(value: 1, to: process) } == .invalidArgument)
  }

  @Test func `signals arrive in the order of their numbers, each as often as it was sent`() async {
    await #expect(processExitsWith: .success) {
      let (low, high) = (Signal.firstRealTime, try #require(Signal.realTime(1)))
      let set: SignalSet = [low, high]
      try set.whileBlocked { () throws in
        for signal in [high, low, high] { pthread_kill(pthread_self(), signal.rawValue) }
        #expect(SignalSet.pending.signals == [low, high])
        var arrived: [Signal] = []
        while case .received(let received) = try set.wait(patience: .none) {
          #expect(received.process == getpid())
          #expect(received.user == geteuid())
          arrived.append(received.signal)
        }
        #expect(arrived == [low, high, high])
      }
    }
  }

  @Test func `the mask is as before, also when the body throws`() async {
    await #expect(processExitsWith: .success) {
      struct Stop: Error {}
      let before = SignalSet.blocked
      let set: SignalSet = [.user1, .firstRealTime]
      #expect(throws: Stop.self) {
        try set.whileBlocked { () throws in
          #expect(SignalSet.blocked.contains(.user1))
          throw Stop()
        }
      }
      #expect(SignalSet.blocked == before)
      set.block()
      #expect(SignalSet.blocked.contains(.firstRealTime))
      set.unblock()
      #expect(!SignalSet.blocked.contains(.firstRealTime))
    }
  }

  @Test func `patience ends by its kind, and no earlier`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        let deadline = Deadline.after(.milliseconds(20))
        #expect(try set.wait(patience: .none) == .wouldBlock)
        #expect(try set.wait(patience: .until(deadline)) == .timedOut)
        #expect(deadline.hasPassed)
      }
    }
  }

  @Test func `an interruption is reported to who asked, and else the wait goes on`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        let descriptor = try SignalDescriptor(set)
        let nagging = Nagging()
        #expect(reason { _ = try set.wait(interruption: .report) } == .interrupted)
        #expect(reason { _ = try descriptor.read(interruption: .report) } == .interrupted)
        #expect(try set.wait(patience: .atMost(.milliseconds(30))) == .timedOut)
        #expect(try descriptor.read(patience: .atMost(.milliseconds(30))) == .timedOut)
        nagging.end()
      }
    }
  }

  @Test func `a descriptor is ready when a signal waits, and takes it`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.user1, .firstRealTime]
      try set.whileBlocked { () throws in
        let descriptor = try SignalDescriptor(set)
        #expect(isCloseOnExec(descriptor.descriptor.rawValue) == true)
        #expect(try descriptor.read(patience: .none) == .wouldBlock)
        for signal in [Signal.firstRealTime, .user1] { pthread_kill(pthread_self(), signal.rawValue) }
        #expect(try Readiness.of(descriptor.descriptor, for: .readable) == .readable)
        guard case .received(let first) = try descriptor.read(),
          case .received(let second) = try descriptor.read()
        else { exit(1) }
        #expect((first.signal, first.origin, first.process) == (.user1, .thread, getpid()))
        #expect((second.signal, second.origin) == (.firstRealTime, .thread))
        #expect(try Readiness.of(descriptor.descriptor, for: .readable).isEmpty)
        try descriptor.close()
      }
    }
  }

  @Test func `at the limit a signal is not sent, and patience is kept`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        var limit = rlimit()
        _ = unsafe getrlimit(Int32(__RLIMIT_SIGPENDING.rawValue), &limit)
        limit.rlim_cur = 0
        _ = unsafe setrlimit(Int32(__RLIMIT_SIGPENDING.rawValue), &limit)
        #expect(try Signal.firstRealTime.queue(value: 1, to: getpid(), patience: .none) == .wouldBlock)
        let deadline = Deadline.after(.milliseconds(20))
        #expect(try Signal.firstRealTime.queue(value: 1, to: getpid(), patience: .until(deadline)) == .timedOut)
        #expect(deadline.hasPassed)
        #expect(SignalSet.pending.isEmpty)
      }
    }
  }

  @Test func `a process is sent the signal, and no other`() async throws {
    try await onThread {
      let input = try IPC.Pipe()
      let child = try Child("cat", handing: [input.reader.handed(as: 0)])
      // One that cannot be blocked: whoever starts a process may have left it that.
      try Signal.kill.send(to: child.process)
      let end = try child.wait()
      #expect(end == .killed(signal: SIGKILL))
    }
  }

  @Test func `those of real time come after the others`() {
    #expect(Signal.firstRealTime.isRealTime && !Signal.user1.isRealTime)
    #expect(Signal.user1 < .firstRealTime)
    #expect("\([.firstRealTime, .user1] as SignalSet)" == "SIGUSR1, SIGRTMIN")
  }
}
