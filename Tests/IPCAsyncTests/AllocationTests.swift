import AllocationCount
import Foundation
import IPC
import SystemPackage
import Testing

@testable import IPCAsync

/// Allocations are counted for each thread, so the tasks run in one: that of the executor, which also waits for their
/// descriptors. So the numbers contain everything.
@Suite(.enabled(if: allocations_are_counted())) struct AllocationTests {
  @Test(arguments: [EndpointKind.pipeRead, .streamRead, .packetReceive, .messageQueueReceive, .eventFDRead])
  func `A call does not allocate, whether it waits or not`(_ kind: EndpointKind) async throws {
    let executor = try EventLoopExecutor()
    let counts = try await Task(executorPreference: executor) { @concurrent in
      try await countAllocations(kind, executor)
    }.value
    #expect(counts.ready == 0)
    #expect(counts.waiting == 0)
  }

  @Test func `A call that would need a thread does not allocate if it need not wait`() async throws {
    let executor = try EventLoopExecutor()
    let set = try SystemVSemaphores.create(.private, count: 1)
    defer { try? set.remove() }
    let count = try await Task(executorPreference: executor) { @concurrent in
      try await set.perform(.init(0, delta: 1100))
      for _ in 0..<100 { try await set.perform(.acquire(0)) }
      let before = allocation_count()
      for _ in 0..<1000 { try await set.perform(.acquire(0)) }
      return allocation_count() - before
    }.value
    #expect(count == 0)
  }
}

/// The number of allocations of 1000 calls that need not wait, and of 1000 that wait for another task.
private func countAllocations(
  _ kind: EndpointKind, _ executor: EventLoopExecutor
) async throws -> (ready: Int, waiting: Int) {
  // Two pairs of ends of one kind: each task sends to the other, and waits for it.
  let (first, second) = (try kind.makeReused(), try kind.makeReused())
  for _ in 0..<100 {
    try first.provide()
    try await first.wait()
  }
  let before = allocation_count()
  for _ in 0..<1000 {
    try first.provide()
    try await first.wait()
  }
  let ready = allocation_count() - before
  async let other: Void = {
    for _ in 0..<1100 {
      try await second.wait()
      try first.provide()
    }
  }()
  var start = 0
  for round in 0..<1100 {
    if round == 100 { start = allocation_count() }
    try second.provide()
    try await first.wait()
  }
  let waiting = allocation_count() - start
  try await other
  first.cleanUp()
  second.cleanUp()
  return (ready, waiting)
}

/// An endpoint whose calls use the same buffer.
private struct ReusedEndpoint: Sendable {
  let wait: @Sendable () async throws -> Void
  let provide: @Sendable () throws -> Void
  var cleanUp: @Sendable () -> Void = {}
}

extension EndpointKind {
  fileprivate func makeReused() throws -> ReusedEndpoint {
    let message: [UInt8] = [1, 2, 3, 4]
    let buffer = Shared([UInt8]())
    switch self {
    case .pipeRead:
      let pipe = try AnonymousPipe()
      let (reader, writer) = (Shared(pipe.reader), Shared(pipe.writer))
      return ReusedEndpoint {
        buffer.handle.removeAll(keepingCapacity: true)
        _ = try await reader.handle.read(maxLength: 16, appendingTo: &buffer.handle)
      } provide: {
        try writer.handle.writeAll(message.span)
      }
    case .streamRead:
      let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let (reader, writer) = (Shared(pair.first), Shared(pair.second))
      return ReusedEndpoint {
        buffer.handle.removeAll(keepingCapacity: true)
        _ = try await reader.handle.read(maxLength: 16, appendingTo: &buffer.handle)
      } provide: {
        try writer.handle.writeAll(message.span)
      }
    case .packetReceive:
      let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
      let (reader, writer) = (Shared(pair.first), Shared(pair.second))
      return ReusedEndpoint {
        buffer.handle.removeAll(keepingCapacity: true)
        _ = try await reader.handle.receive(maxLength: 16, appendingTo: &buffer.handle)
      } provide: {
        try writer.handle.send(message.span)
      }
    case .messageQueueReceive:
      let name = POSIXName("/ipc-async-\(UUID())")
      let queue = Shared(
        try POSIXMessageQueue.Duplex.create(name, attributes: .init(maximumMessages: 4, maximumMessageSize: 16)))
      return ReusedEndpoint {
        buffer.handle.removeAll(keepingCapacity: true)
        _ = try await queue.handle.receive(appendingTo: &buffer.handle)
      } provide: {
        try queue.handle.send(message.span)
      } cleanUp: {
        try? POSIXMessageQueue.unlink(name)
      }
    default:
      let counter = Shared(try EventFD())
      return ReusedEndpoint {
        _ = try await counter.handle.read()
      } provide: {
        try counter.handle.write(1)
      }
    }
  }
}
