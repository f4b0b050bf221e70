import Foundation
import IPC
import SystemPackage
import Testing

/// Signals apply to the whole process, so these tests run in a separate process.
///
/// The tests send signals to one thread, because the other threads belong to the test runtime and do not block signals.
///
/// Signals with values can be sent only to a process, so the scenarios test them instead.
@Suite struct SignalTests {
  @Test(arguments: [-1, 0, 32, 33, 65]) func `A number that is not a signal is refused`(number: Int32) {
    #expect(Signal(rawValue: number) == nil)
  }

  @Test func `Signals have the names of C`() {
    #expect("\(Signal.user1)" == "SIGUSR1")
    #expect("\(Signal.firstRealTime)" == "SIGRTMIN")
    #expect(Signal.realTime(2).map { "\($0)" } == "SIGRTMIN+2")
    #expect(Signal.realTime(-1) == nil)
    #expect(Signal.realTime(31) == nil)
  }

  @Test func `A set contains its elements, in ascending order`() {
    let set: SignalSet = [.user2, .hangUp, .firstRealTime]
    #expect(set.signals == [.hangUp, .user2, .firstRealTime])
    #expect(set.contains(.hangUp))
    #expect(!set.contains(.user1))
    #expect(SignalSet().isEmpty)
  }

  @Test(arguments: [0, -1, Int32.min]) func `Signals are sent to one process, not to a group`(_ number: Int32) {
    #expect(reason { try Signal.continue.send(to: ProcessID(rawValue: number)) } == .invalidArgument)
    #expect(reason { try Signal.continue.queue(value: 1, to: ProcessID(rawValue: number)) } == .invalidArgument)
  }

  @Test func `Real-time signals are received in ascending order, each as many times as it was sent`() async {
    await #expect(processExitsWith: .success) {
      let (low, high) = (Signal.firstRealTime, try #require(Signal.realTime(1)))
      let set: SignalSet = [low, high]
      try set.whileBlocked { () throws in
        for signal in [high, low, high] { pthread_kill(pthread_self(), signal.rawValue) }
        #expect(SignalSet.pending.signals == [low, high])
        var arrived: [Signal] = []
        while let received = try set.tryWait() {
          #expect(received.process == .current)
          #expect(received.user == .effective)
          arrived.append(received.signal)
        }
        #expect(arrived == [low, high, high])
      }
    }
  }

  @Test func `The previous mask is restored, even if the body throws`() async {
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

  @Test func `A mask replaces the previous one, and returns it`() async {
    await #expect(processExitsWith: .success) {
      let (first, second): (SignalSet, SignalSet) = ([.user1, .firstRealTime], [.user2])
      first.replaceMask()
      #expect(second.replaceMask() == first)
      #expect(SignalSet.blocked == second)
      #expect(SignalSet().replaceMask() == second)
      #expect(SignalSet.blocked.isEmpty)
    }
  }

  @Test func `Probing a process sends no signal, and reports whether the process exists`() {
    #expect(throws: Never.self) { try Signal.probe(.current) }
    #expect(reason { try Signal.probe(ProcessID(rawValue: Int32.max)) } == .noSuchProcess)
    for number in [0, -1] as [Int32] {
      #expect(reason { try Signal.probe(ProcessID(rawValue: number)) } == .invalidArgument)
    }
  }

  @Test func `A wait ends at its timeout, and not before`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        let timeout = Timeout.after(.milliseconds(20))
        #expect(reason { _ = try set.wait(timeout: .immediate) } == .wouldBlock)
        #expect(reason { _ = try set.wait(timeout: timeout) } == .timedOut)
        #expect(timeout.hasPassed)
      }
    }
  }

  @Test func `An interruption is reported if requested; otherwise the wait continues`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        let descriptor = try SignalFD(set)
        let interruptions = Interruptions()
        #expect(reason { _ = try set.wait(retryOnInterrupt: false) } == .interrupted)
        #expect(reason { _ = try descriptor.read(retryOnInterrupt: false) } == .interrupted)
        #expect(reason { _ = try set.wait(timeout: .after(.milliseconds(30))) } == .timedOut)
        #expect(reason { _ = try descriptor.read(timeout: .after(.milliseconds(30))) } == .timedOut)
        interruptions.end()
      }
    }
  }

  @Test func `A descriptor is readable while a signal is pending, and receives it`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.user1, .firstRealTime]
      try set.whileBlocked { () throws in
        let descriptor = try SignalFD(set)
        #expect(isCloseOnExec(descriptor.descriptor.rawValue) == true)
        #expect(try descriptor.tryRead() == nil)
        for signal in [Signal.firstRealTime, .user1] { pthread_kill(pthread_self(), signal.rawValue) }
        #expect(try readiness(of: descriptor, for: .readable) == .readable)
        let (first, second) = (try descriptor.read(), try descriptor.read())
        #expect((first.signal, first.origin, first.process) == (.user1, .thread, .current))
        #expect((second.signal, second.origin) == (.firstRealTime, .thread))
        #expect(try readiness(of: descriptor, for: .readable).isEmpty)
        try descriptor.close()
      }
    }
  }

  @Test func `At RLIMIT_SIGPENDING a signal is not queued, and the timeout is respected`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.firstRealTime]
      try set.whileBlocked { () throws in
        var limit = rlimit()
        _ = unsafe getrlimit(Int32(__RLIMIT_SIGPENDING.rawValue), &limit)
        limit.rlim_cur = 0
        _ = unsafe setrlimit(Int32(__RLIMIT_SIGPENDING.rawValue), &limit)
        #expect(try !Signal.firstRealTime.tryQueue(value: 1, to: .current))
        let timeout = Timeout.after(.milliseconds(20))
        let error = failure { try Signal.firstRealTime.queue(value: 1, to: .current, timeout: timeout) }
        #expect(error?.errno == .timedOut)
        #expect(error?.description.contains("RLIMIT_SIGPENDING") == true)
        #expect(timeout.hasPassed)
        #expect(SignalSet.pending.isEmpty)
      }
    }
  }

  @Test func `A signal is sent to one process`() async throws {
    try await onThread {
      let child = try ChildProcess("sleep", arguments: ["3600"])
      try Signal.terminate.send(to: child.processID)
      let status = try child.wait()
      #expect(status == .signaled(.terminate))
    }
  }

  @Test func `A pending signal of the caller stays pending`() async {
    await #expect(processExitsWith: .success) {
      let outer: SignalSet = [.user1]
      try outer.whileBlocked { () throws in
        pthread_kill(pthread_self(), SIGUSR1)
        let inner: SignalSet = [.user2]
        try inner.whileBlocked { () throws in
          pthread_kill(pthread_self(), SIGUSR2)
          #expect(try inner.wait().signal == .user2)
        }
        #expect(SignalSet.pending.contains(.user1))
        #expect(try outer.wait().signal == .user1)
      }
    }
  }

  @Test func `An ignored signal does not end the process, and a default one does`() async {
    await #expect(processExitsWith: .signal(SIGUSR1)) {
      try Signal.user1.ignore()
      raise(SIGUSR1)
      try Signal.user1.resetToDefault()
      var signals = sigset_t()
      _ = unsafe sigfillset(&signals)
      _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      raise(SIGUSR1)
    }
  }

  @Test func `SIGKILL cannot be ignored`() {
    #expect(reason { try Signal.kill.ignore() } == .invalidArgument)
    #expect(reason { try Signal.stop.resetToDefault() } == .invalidArgument)
  }

  @Test func `A broken pipe is an error whether or not SIGPIPE is still ignored`() async {
    await #expect(processExitsWith: .success) {
      let writer = try writerWithoutReader()
      var signals = sigset_t()
      _ = unsafe sigaddset(&signals, SIGPIPE)
      _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      try Signal.brokenPipe.ignore()
      #expect(reason { _ = try writer.write([1].span) } == .brokenPipe)
      // If the library still assumed that the signal is ignored, the signal would kill the process here.
      try Signal.brokenPipe.resetToDefault()
      #expect(reason { _ = try writer.write([1].span) } == .brokenPipe)
    }
  }

  @Test func `An adopted signalfd reads, and another descriptor is refused`() async {
    await #expect(processExitsWith: .success) {
      let set: SignalSet = [.user1]
      try set.whileBlocked { () throws in
        let own = try SignalFD(set)
        try own.setNonBlocking(false)
        let descriptor = try SignalFD(adopting: own.release())
        #expect(try descriptor.tryRead() == nil)
        pthread_kill(pthread_self(), SIGUSR1)
        #expect(try descriptor.read().signal == .user1)
        let counter = try EventFD()
        #expect(reason { _ = try SignalFD(adopting: counter.descriptor) } == .invalidArgument)
      }
    }
  }

  @Test func `Real-time signals are received after the others`() {
    #expect(Signal.firstRealTime.isRealTime && !Signal.user1.isRealTime)
    #expect(Signal.user1 < .firstRealTime)
    #expect("\([.firstRealTime, .user1] as SignalSet)" == "SIGUSR1, SIGRTMIN")
  }
}

private func writerWithoutReader() throws -> PipeWriter {
  let pipe = try AnonymousPipe()
  try pipe.reader.close()
  try waitUntilReadersAreGone(pipe.writer)
  return pipe.writer
}
