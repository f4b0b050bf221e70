import AllocationCount
import Foundation
import IPC
import SystemPackage
import Testing

@testable import IPCAsync

// Allocations are counted per thread, so all tasks run in the executor's thread. `make async-cost` counts allocations
// in calls that wait. Those allocations cannot be counted here, because the testing library records every thrown error,
// including an `EAGAIN` that a call handles itself.
@Suite(.enabled(if: allocations_are_counted())) struct AllocationTests {
  @Test(arguments: [EndpointKind.pipeRead, .streamRead, .packetReceive, .messageQueueReceive, .eventFDRead])
  func `A call that does not need to wait does not allocate`(_ kind: EndpointKind) async throws {
    let executor = try EventLoopExecutor()
    let count = try await Task(executorPreference: executor) { @concurrent in
      let endpoint = try kind.makeReused()
      defer { endpoint.cleanUp() }
      for _ in 0..<100 {
        try endpoint.provide()
        try await endpoint.wait()
      }
      let before = allocation_count()
      for _ in 0..<1000 {
        try endpoint.provide()
        try await endpoint.wait()
      }
      return allocation_count() - before
    }.value
    #expect(count == 0)
  }

  @Test func `A call that would wait in a thread does not allocate if it does not need to wait`() async throws {
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
