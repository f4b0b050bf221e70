import Foundation
import IPC
import SystemPackage
import Testing

/// Signals apply to the whole process, so each of these tests runs in a separate process.
@Suite struct POSIXMessageQueueSignalTests {
  @Test func `A registration notifies once, with its value, and excludes other registrations`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let signals = try SignalRecorder(by: SIGUSR1)
        let queue = try POSIXMessageQueue.Duplex.scratch(name)
        let other = try POSIXMessageQueue.Receiver.open(name)
        try queue.requestNotification(.signal(SIGUSR1, value: 77))
        #expect(reason { try other.requestNotification(.none) } == .resourceBusy)
        try queue.send([1])
        #expect(try signals.next() == 77)
        // The queue is no longer empty, and the registration has ended.
        try other.requestNotification(.signal(SIGUSR1, value: 78))
        try queue.send([2])
        for _ in 0..<2 { _ = try queue.receive() }
        try queue.send([3])
        #expect(try signals.next() == 78)
        #expect(signals.isSilent)
      }
    }
  }

  @Test func `A registration ends when it is cancelled, and when the queue is closed`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let signals = try SignalRecorder(by: SIGUSR1)
        let queue = try POSIXMessageQueue.Duplex.scratch(name)
        try queue.requestNotification(.signal(SIGUSR1))
        try queue.cancelNotification()
        let other = try POSIXMessageQueue.Receiver.open(name)
        try other.requestNotification(.signal(SIGUSR1))
        try other.close()
        try queue.send([1])
        #expect(signals.isSilent)
      }
    }
  }

  @Test func `An invalid signal is refused`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      #expect(reason { try queue.requestNotification(.signal(4000)) } == .invalidArgument)
    }
  }

  @Test func `An interruption is reported on request, and otherwise the wait continues`() async {
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        let queue = try POSIXMessageQueue.Duplex.scratch(name)
        let interruptions = Interruptions()
        var bytes: [UInt8] = []
        #expect(reason { _ = try queue.receive(appendingTo: &bytes, retryOnInterrupt: false) } == .interrupted)
        let timeout = Timeout.after(.milliseconds(30))
        #expect(reason { _ = try queue.receive(appendingTo: &bytes, timeout: timeout) } == .timedOut)
        #expect(timeout.hasPassed)
        interruptions.end()
      }
    }
  }

  @Test func `The descriptor is readable if there is a message, and writable if there is room`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      #expect(try readiness(of: queue, for: [.readable, .writable]) == .writable)
      for _ in 0..<4 { try queue.send([1]) }
      #expect(try readiness(of: queue, for: [.readable, .writable]) == .readable)
    }
  }
}
