import Foundation
import IPC
import Synchronization
import SystemPackage
import Testing

@Suite struct POSIXTimerTests {
  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `An interval that is not positive is an error`(_ interval: Duration) throws {
    let timer = try POSIXTimer {}
    #expect(reason { try timer.set(after: .seconds(3600), every: interval) } == .invalidArgument)
    #expect(try timer.status == nil)
  }

  @Test(arguments: [false, true])
  func `A queue that is closed or destroyed releases the function of its notification`(_ isClosed: Bool) throws {
    final class Token: Sendable {}
    try withQueueName { name in
      var token: Token? = Token()
      weak let observer = token
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      try queue.requestNotification(onThread: { [token] in withExtendedLifetime(token) {} })
      token = nil
      #expect(observer != nil)
      // The registration in the kernel stays, so the function must stay too.
      let released = queue.release()
      #expect(observer != nil)
      let adopted = try POSIXMessageQueue.Duplex(adopting: released)
      if isClosed { try adopted.close() } else { destroy(adopted) }
      #expect(observer == nil)
    }
  }

  @Test func `A timer calls its function in another thread, once or repeatedly`() async throws {
    try await onThread {
      let count = try EventFD()
      let caller = pthread_self()
      let isOther = Atomic(false)
      let descriptor = count.descriptor
      let timer = try POSIXTimer {
        isOther.store(pthread_equal(pthread_self(), caller) == 0, ordering: .relaxed)
        var one: UInt64 = 1
        _ = unsafe write(descriptor.rawValue, &one, 8)
      }
      #expect(try timer.status == nil)
      try timer.set(after: .milliseconds(1))
      #expect(try count.read() == 1)
      #expect(isOther.load(ordering: .relaxed) == true)
      #expect(try timer.status == nil)
      #expect(reason { _ = try count.read(timeout: .after(.milliseconds(20))) } == .timedOut)
      try timer.set(after: .milliseconds(1), every: .milliseconds(1))
      #expect(try timer.status?.interval == .milliseconds(1))
      var total: UInt64 = 0
      while total < 3 { total += try count.read() }
      try timer.disarm()
      #expect(try timer.status == nil)
    }
  }

  @Test func `A queue calls a function once, until it is registered again`() async throws {
    let name = POSIXName("/ipc-tests-\(UInt64.random(in: .min ... .max))")
    defer { try? POSIXMessageQueue.unlink(name) }
    try await onThread {
      let queue = try POSIXMessageQueue.Duplex.create(name)
      let count = Atomic(0)
      try queue.requestNotification { count.add(1, ordering: .relaxed) }
      #expect(reason { try queue.requestNotification {} } == .resourceBusy)
      try queue.send([1].span)
      until { count.load(ordering: .relaxed) == 1 }
      var bytes: [UInt8] = []
      _ = try queue.receive(appendingTo: &bytes)
      try queue.requestNotification { count.add(10, ordering: .relaxed) }
      try queue.cancelNotification()
      try queue.send([2].span)
      #expect(count.load(ordering: .relaxed) == 1)
    }
  }
}

private func destroy(_ queue: consuming POSIXMessageQueue.Duplex) {}
