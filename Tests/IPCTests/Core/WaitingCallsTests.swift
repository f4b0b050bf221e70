import Foundation
import IPC
import SystemPackage
import Testing

/// Tests for the properties that all waiting calls have in common.
@Suite struct WaitingCallsTests {
  /// A call that waits for an event.
  ///
  /// The event occurs only at the end of a test.
  private struct Waiting {
    let name: String
    /// Performs the call.
    let call: (Timeout, _ retryOnInterrupt: Bool) throws -> Void
    /// Makes the next call return without waiting; nil if that is not possible in the thread that makes the call.
    let complete: (() throws -> Void)?

    init(
      _ name: String, call: @escaping (Timeout, Bool) throws -> Void, complete: (() throws -> Void)? = nil
    ) {
      self.name = name
      self.call = call
      self.complete = complete
    }
  }

  /// Passes to `body` one call of each mechanism.
  private func withCalls(_ body: ([Waiting]) throws -> Void) throws {
    let counter = Shared(try EventFD())
    let full = Shared(try EventFD())
    try full.value.write(.max - 1)
    let timer = Shared(try TimerFD())
    let pipe = Shared(try AnonymousPipe())
    let packets = Shared(try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>())
    let stream = Shared(try UnixSocket.Pair<UnixSocket.StreamStyle>())
    let address = SocketAddress(.loopback(.v4), port: 0)
    let datagrams = Shared(try UDP.Socket(at: address))
    let datagramAddress = try datagrams.value.address
    let listener = Shared(try TCP.Listener(at: address))
    let listenerAddress = try listener.value.address
    let semaphore = Shared(try POSIXSemaphore.create(in: SharedRegion(size: 4096), at: 0, value: 0))
    let region = try SharedRegion(size: 16384)
    try RecordRing.create(capacity: 64, in: region, at: 0)
    try ByteRing.create(capacity: 64, in: region, at: 4096)
    let recordProducer = Shared(try RecordRing.Producer.open(in: region, at: 0))
    let recordConsumer = Shared(try RecordRing.Consumer.open(in: region, at: 0))
    let byteProducer = Shared(try ByteRing.Producer.open(in: region, at: 4096))
    let byteConsumer = Shared(try ByteRing.Consumer.open(in: region, at: 4096))
    let queue = try scratchQueue()
    let signals: SignalSet = [.user2]
    var bytes: [UInt8] = []

    try withSemaphores { set in
      try withMessageQueue { messages in
        try withQueueName { name in
          let posix = Shared(try POSIXMessageQueue.Duplex.scratch(name))
          try signals.whileBlocked { () throws in
            try body([
              Waiting("EventFD.read") {
                _ = try counter.value.read(timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try counter.value.write(1)
              },
              Waiting("EventFD.write") {
                try full.value.write(1, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                _ = try full.value.read()
                try full.value.write(.max - 2)
              },
              Waiting("TimerFD.read") {
                _ = try timer.value.read(timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try timer.value.set(at: SuspendingClock().now)
                try timer.value.wait(for: .readable)
              },
              Waiting("wait(for:)") {
                try pipe.value.reader.wait(for: .readable, timeout: $0, retryOnInterrupt: $1)
              },
              Waiting("PipeReader.read") {
                _ = try pipe.value.reader.read(
                  maxLength: 1, appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try pipe.value.writer.writeAll([1].span)
              },
              Waiting("UnixSocket.Stream.read") {
                _ = try stream.value.first.read(
                  maxLength: 1, appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try stream.value.second.writeAll([1].span)
              },
              Waiting("UnixSocket.SequencedPacket.receive") {
                _ = try packets.value.first.receive(
                  maxLength: 1, appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try packets.value.second.send([1].span)
              },
              Waiting("UDP.Socket.receive") {
                _ = try datagrams.value.receive(
                  maxLength: 1, appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try datagrams.value.send([1].span, to: datagramAddress)
                try datagrams.value.wait(for: .readable)
              },
              Waiting("TCP.Listener.accept") {
                _ = try listener.value.accept(timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try TCP.Stream(.v4).connect(to: listenerAddress)
                try listener.value.wait(for: .readable)
              },
              Waiting("POSIXSemaphore.wait") {
                try semaphore.value.wait(timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try semaphore.value.post()
              },
              Waiting("SystemVSemaphores.perform") {
                try set.perform(.acquire(0), timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try set.perform(.release(0))
              },
              Waiting("SystemVMessageQueue.receive") {
                _ = try messages.receive(appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try messages.send([1].span, type: 1)
              },
              Waiting("POSIXMessageQueue.receive") {
                _ = try posix.value.receive(appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try posix.value.send([1].span)
              },
              Waiting("SharedQueue.Receiver.receive") {
                _ = try queue.receiver.receive(appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try queue.sender.send([1].span)
              },
              Waiting("RecordRing.Consumer.receive") {
                _ = try recordConsumer.value.receive(
                  appendingTo: &bytes, timeout: $0, retryOnInterrupt: $1)
              } complete: {
                try recordProducer.value.send([1].span)
              },
              Waiting("ByteRing.Consumer.read") {
                _ = try byteConsumer.value.read(maxLength: 1, timeout: $0, retryOnInterrupt: $1) { $0.byteCount }
              } complete: {
                _ = try byteProducer.value.write([1].span)
              },
              Waiting("SignalSet.wait") {
                _ = try signals.wait(timeout: $0, retryOnInterrupt: $1)
              } complete: {
                pthread_kill(pthread_self(), SIGUSR2)
              },
              Waiting("PIDFD.wait") { try PIDFD(of: .current).wait(timeout: $0, retryOnInterrupt: $1) },
            ])
          }
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `A call with a deadline in the past completes if it does not need to wait`() async {
    await #expect(processExitsWith: .success) {
      try Self().withCalls { calls in
        for waiting in calls {
          for past in [Timeout.after(.seconds(-1)), .after(.zero), .until(SuspendingClock().now)] {
            #expect(reason { try waiting.call(past, true) } == .timedOut, "\(waiting.name)")
            guard let complete = waiting.complete else { continue }
            try complete()
            #expect(reason { try waiting.call(past, true) } == nil, "\(waiting.name)")
          }
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [Timeout.never, .after(.seconds(3600))])
  func `Without retryOnInterrupt, an interruption is an error`(_ timeout: Timeout) async {
    let isNever = timeout == .never
    await #expect(processExitsWith: .success) { [isNever = isNever as Bool] in
      // This ends the test if a call does not report the interruption.
      alarm(30)
      try Self().withCalls { calls in
        let interruptions = Interruptions()
        defer { interruptions.end() }
        for waiting in calls {
          let timeout = isNever ? Timeout.never : .after(.seconds(3600))
          #expect(reason { try waiting.call(timeout, false) } == .interrupted, "\(waiting.name)")
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `With retryOnInterrupt, an interruption does not end a call or move its deadline`() async {
    await #expect(processExitsWith: .success) {
      try Self().withCalls { calls in
        let interruptions = Interruptions()
        defer { interruptions.end() }
        for waiting in calls {
          let timeout = Timeout.after(.milliseconds(30))
          #expect(reason { try waiting.call(timeout, true) } == .timedOut, "\(waiting.name)")
          #expect(timeout.hasPassed, "\(waiting.name)")
        }
      }
    }
  }
}

/// A value that several closures share.
private final class Shared<Value: ~Copyable> {
  var value: Value
  init(_ value: consuming Value) { self.value = value }
}
