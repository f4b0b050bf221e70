import Dispatch
import Glibc
import IPC
import Synchronization
import SystemPackage
import Testing

/// Tests for threads that share an open file description: a call in one thread must not make another thread wait.
@Suite(.serialized) struct SharedDescriptionTests {
  /// The timeouts to pass to the calls; nil means an immediate timeout.
  static let waits: [Duration?] = [nil, .microseconds(50)]

  @Test(arguments: waits)
  func `Threads that accept on one Unix listener do not block each other`(_ wait: Duration?) async throws {
    let listener = Shared(try UnixSocket.StreamListener(at: freshName()))
    try await expectBothToEnd {
      #expect(reason { _ = try listener.value.accept(timeout: .of(wait)) } != nil)
    } freeing: {
      try listener.value.shutDown(.both)
    }
  }

  @Test(arguments: waits)
  func `Threads that accept on one TCP listener do not block each other`(_ wait: Duration?) async throws {
    let listener = Shared(try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0)))
    try await expectBothToEnd {
      #expect(reason { _ = try listener.value.accept(timeout: .of(wait)) } != nil)
    } freeing: {
      try listener.value.shutDown(.both)
    }
  }

  @Test(arguments: waits)
  func `Threads that connect one socket do not block each other`(_ wait: Duration?) async throws {
    let address = try freshName()
    let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
    let first = try UnixSocket.Stream()
    try first.connect(to: address)
    let second = Shared(try UnixSocket.Stream())
    try await expectBothToEnd {
      #expect(reason { try second.value.connect(to: address, timeout: .of(wait)) } != nil)
    } freeing: {
      _ = try listener.tryAccept()
    }
  }

  @Test(arguments: waits)
  func `Threads that send from one socket do not block each other`(_ wait: Duration?) async throws {
    let address = try freshName()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
    var bytes: [UInt8] = []
    let sender = Shared(try UnixSocket.Datagram())
    while try sender.value.trySend([1].span, to: address) {}
    try await expectBothToEnd {
      #expect(reason { try sender.value.send([1].span, to: address, timeout: .of(wait)) } != nil)
    } freeing: {
      while reason({ try receiver.receive(maxLength: 1, appendingTo: &bytes, timeout: .immediate) }) == nil {}
    }
  }

  @Test func `O_NONBLOCK that is set during a call of another thread stays`() async throws {
    let address = try freshName()
    let listener = Shared(try UnixSocket.StreamListener(at: address))
    let wrong = Shared(Atomic(0))
    try await expectBothToEnd {
      _ = try listener.value.tryAccept()
    } and: {
      let nonBlocking = Bool.random()
      try listener.value.setNonBlocking(nonBlocking)
      if try listener.value.isNonBlocking != nonBlocking { wrong.value.add(1, ordering: .relaxed) }
    } freeing: {
      try UnixSocket.Stream().connect(to: address)
    }
    #expect(wrong.value.load(ordering: .relaxed) == 0)
  }

  @Test func `A waiting call is not affected by the O_NONBLOCK of another thread's call`() async throws {
    let address = try freshName()
    let listener = Shared(try UnixSocket.StreamListener(at: address))
    let isOver = Shared(Atomic(false))
    async let tries: Void = onThread {
      while !isOver.value.load(ordering: .relaxed) { _ = try listener.value.tryAccept() }
    }
    async let clients: Void = onThread {
      while !isOver.value.load(ordering: .relaxed) { try UnixSocket.Stream().connect(to: address) }
    }
    let early = try await onThread {
      defer { isOver.value.store(true, ordering: .relaxed) }
      var early = 0
      for _ in 0..<1000 {
        if reason({ _ = try listener.value.accept() }) != nil { early += 1 }
      }
      return early
    }
    #expect(early == 0)
    _ = try await (tries, clients)
  }
}

/// Shares a noncopyable value between closures.
private final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}

extension Timeout {
  fileprivate static func of(_ wait: Duration?) -> Timeout { wait.map { .after($0) } ?? .immediate }
}

/// Makes calls repeatedly in two threads, both of which must finish by themselves.
///
/// If the threads do not finish, `free` unblocks them.
private func expectBothToEnd(
  _ call: @escaping @Sendable () throws -> Void, and other: (@Sendable () throws -> Void)? = nil,
  freeing free: () throws -> Void
) async throws {
  let ended = DispatchSemaphore(value: 0)
  let last = Timeout.after(.milliseconds(200))
  let repeated: @Sendable (() throws -> Void) throws -> Void = { call in
    defer { ended.signal() }
    while !last.hasPassed { try call() }
  }
  async let first: Void = onThread { try repeated(call) }
  async let second: Void = onThread { try repeated(other ?? call) }
  let late = DispatchTime.now() + .seconds(3600)
  #expect(try await onThread { ended.wait(timeout: late) == .success && ended.wait(timeout: late) == .success })
  try free()
  _ = try await (first, second)
}
