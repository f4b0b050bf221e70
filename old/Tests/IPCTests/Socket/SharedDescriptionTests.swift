import Glibc
import IPC
import Synchronization
import SystemPackage
import Testing

/// Threads that share a description: what one of them does for the time of its call must not make another one wait.
@Suite(.serialized) struct SharedDescriptionTests {
  /// Nil for no patience.
  static let patiences: [Duration?] = [nil, .microseconds(50)]

  @Test(arguments: patiences)
  func `Nobody waits for ever who accepts from a Unix socket`(_ wait: Duration?) async throws {
    let listener = Shared(try UnixSocket.StreamListener(at: freshName()))
    try await expectBothToEnd {
      if case .accepted = try listener.value.accept(patience: .of(wait)) { Issue.record("nobody connected") }
    } freeing: {
      try listener.value.shutDown(.both)
    }
  }

  @Test(arguments: patiences)
  func `Nobody waits for ever who accepts from TCP`(_ wait: Duration?) async throws {
    let listener = Shared(try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0)))
    try await expectBothToEnd {
      if case .accepted = try listener.value.accept(patience: .of(wait)) { Issue.record("nobody connected") }
    } freeing: {
      try listener.value.shutDown(.both)
    }
  }

  @Test(arguments: patiences)
  func `Nobody waits for ever who connects to a full backlog`(_ wait: Duration?) async throws {
    let address = try freshName()
    let listener = try UnixSocket.StreamListener(at: address, backlog: 0)
    let first = try UnixSocket.Stream()
    #expect(try first.connect(to: address) == .connected)
    let second = Shared(try UnixSocket.Stream())
    try await expectBothToEnd {
      let result = try second.value.connect(to: address, patience: .of(wait))
      #expect(result != .connected)
    } freeing: {
      _ = try listener.accept(patience: .none)
    }
  }

  @Test(arguments: patiences)
  func `Nobody waits for ever who sends to a full receiver`(_ wait: Duration?) async throws {
    let address = try freshName()
    let receiver = try UnixSocket.Datagram()
    try receiver.bind(to: address)
    var bytes: [UInt8] = []
    let sender = Shared(try UnixSocket.Datagram())
    while try sender.value.send([1].span, to: address, patience: .none) == .sent {}
    try await expectBothToEnd {
      let result = try sender.value.send([1].span, to: address, patience: .of(wait))
      #expect(result != .sent)
    } freeing: {
      while case .received = try receiver.receive(atMost: 1, appendingTo: &bytes, patience: .none) {}
    }
  }

  @Test(arguments: patiences)
  func `Nobody waits for ever who adds to a full counter`(_ wait: Duration?) async throws {
    let counter = Shared(try EventCounter())
    #expect(try counter.value.add(EventCounter.limit) == .added)
    try await expectBothToEnd {
      let result = try counter.value.add(1, patience: .of(wait))
      #expect(result != .added)
    } freeing: {
      _ = try counter.value.take()
    }
  }

  @Test func `Nobody sees what is set for another's call, and what is set meanwhile stays`() async throws {
    let address = try freshName()
    let listener = Shared(try UnixSocket.StreamListener(at: address))
    let wrong = Shared(Atomic(0))
    try await expectBothToEnd {
      _ = try listener.value.accept(patience: .none)
    } and: {
      let nonBlocking = Bool.random()
      try listener.value.setNonBlocking(nonBlocking)
      if try listener.value.isNonBlocking != nonBlocking { wrong.value.add(1, ordering: .relaxed) }
    } freeing: {
      _ = try UnixSocket.Stream().connect(to: address)
    }
    #expect(wrong.value.load(ordering: .relaxed) == 0)
  }

  @Test func `Who waits for ever is not told of another's call, which does not`() async throws {
    let address = try freshName()
    let listener = Shared(try UnixSocket.StreamListener(at: address))
    let isOver = Shared(Atomic(false))
    async let tries: Void = onThread {
      while !isOver.value.load(ordering: .relaxed) { _ = try listener.value.accept(patience: .none) }
    }
    async let clients: Void = onThread {
      while !isOver.value.load(ordering: .relaxed) { _ = try UnixSocket.Stream().connect(to: address) }
    }
    let early = try await onThread {
      defer { isOver.value.store(true, ordering: .relaxed) }
      var early = 0
      for _ in 0..<1000 {
        if case .wouldBlock = try listener.value.accept() { early += 1 }
      }
      return early
    }
    #expect(early == 0)
    _ = try await (tries, clients)
  }
}

/// What threads have together that no closure can have alone.
private final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}

extension Patience {
  fileprivate static func of(_ wait: Duration?) -> Patience { wait.map { .atMost($0) } ?? .none }
}

/// Calls again and again in two threads, which have to come to an end by themselves, or are set free.
private func expectBothToEnd(
  _ call: @escaping @Sendable () throws -> Void, and other: (@Sendable () throws -> Void)? = nil,
  freeing free: () throws -> Void
) async throws {
  let ended = Shared(Atomic(0))
  let last = Deadline.after(.milliseconds(400))
  let repeated: @Sendable (() throws -> Void) throws -> Void = { call in
    defer { ended.value.add(1, ordering: .relaxed) }
    while !last.hasPassed { try call() }
  }
  async let first: Void = onThread { try repeated(call) }
  async let second: Void = onThread { try repeated(other ?? call) }
  let late = Deadline.after(.seconds(20))
  await eventually { ended.value.load(ordering: .relaxed) == 2 || late.hasPassed }
  #expect(ended.value.load(ordering: .relaxed) == 2)
  try free()
  _ = try await (first, second)
}
