import Foundation
import IPC
import SystemPackage
import Testing

@testable import IPCAsync

/// The threads, descriptors and epoll entries that waits use.
@Suite struct ResourceTests {
  @Test func `One thread waits for 1,000 connections, each of which gets its own echo`() async {
    await #expect(processExitsWith: .success) {
      try raiseDescriptorLimit()
      let address = try UnixSocket.Address(abstract: Array("ipc-async-\(UUID())".utf8))
      let listener = Passed(try UnixSocket.StreamListener(at: address))
      let server = Task {
        try await withThrowingTaskGroup { group in
          var count = 0
          for try await connection in try listener.take().connections() {
            count += 1
            group.addTask { try await echo(connection.take()) }
            if count == 1000 { break }
          }
          try await group.waitForAll()
        }
      }
      let exchanged = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<1000 { group.addTask { try await exchange(number, at: address) } }
        return try await group.reduce(0, +)
      }
      try await server.value
      #expect(exchanged == 5000)
      #expect(try countThreads(named: "ipc-event-loop") == 1)
      #expect(try countThreads(named: "ipc-call") == 0)
      #expect(try EventLoop.current.waitCount == 0)
    }
  }

  @Test func `Waits leave no descriptors, threads or entries`() async {
    await #expect(processExitsWith: .success) {
      try await EndpointKind.useAll()
      let (descriptors, threads) = (try countDescriptors(), CallThreads.shared.count)
      for _ in 0..<30 { try await EndpointKind.useAll() }
      #expect(try countDescriptors() == descriptors)
      #expect(threads >= 1)
      #expect(CallThreads.shared.count <= threads + 1)
      await eventually { (try? EventLoop.current.waitCount) == 0 }
    }
  }

  @Test func `Calls that wait at the same time each have a thread, which later calls reuse`() async {
    await #expect(processExitsWith: .success) {
      let set = try SystemVSemaphores.create(.private, count: 1)
      defer { try? set.remove() }
      for _ in 0..<3 {
        try await withThrowingTaskGroup { group in
          for _ in 0..<50 { group.addTask { try await set.perform(.acquire(0)) } }
          // A thread that makes a nonblocking attempt is briefly counted as waiting.
          await eventually { CallThreads.shared.count == 50 }
          while try set.countWaitingForIncrease(of: 0) < 50 { await Task.yield() }
          #expect(CallThreads.shared.count == 50)
          try await set.perform(.init(0, delta: 50))
          try await group.waitForAll()
        }
      }
      #expect(CallThreads.shared.count == 50)
    }
  }

  @Test func `The cooperative pool runs other tasks while more calls wait than it has threads`() async throws {
    let set = try SystemVSemaphores.create(.private, count: 1)
    defer { try? set.remove() }
    try await withThrowingTaskGroup { group in
      for _ in 0..<20 { group.addTask { try await set.perform(.acquire(0)) } }
      for _ in 0..<20 {
        group.addTask { try await set.perform(.release(0)) }
      }
      try await group.waitForAll()
    }
    #expect(try set.value(of: 0) == 0)
  }
}

private func echo(_ stream: consuming UnixSocket.Stream) async throws {
  var bytes: [UInt8] = []
  while try await stream.read(maxLength: 64, appendingTo: &bytes) > 0 {
    try await stream.writeAll(bytes.span)
    bytes.removeAll(keepingCapacity: true)
  }
}

/// Connects, sends the number and receives it, five times, and returns the number of correct replies.
private func exchange(_ number: Int, at address: UnixSocket.Address) async throws -> Int {
  let stream = try UnixSocket.Stream()
  try await stream.connect(to: address)
  var matches = 0
  for _ in 0..<5 {
    let message = Array("\(number)".utf8)
    try await stream.writeAll(message.span)
    var reply: [UInt8] = []
    _ = try await stream.readExactly(message.count, appendingTo: &reply)
    if reply == message { matches += 1 }
  }
  return matches
}

extension EndpointKind {
  /// For each kind of endpoint, makes one call that waits, one that times out, and one that is canceled.
  static func useAll() async throws {
    for kind in allCases {
      try await kind.withEndpoint { endpoint in
        async let waiting: Void = endpoint.wait(.never)
        await Task.yield()
        _ = try endpoint.provide()
        try await waiting
        _ = try await reason { try await endpoint.wait(.after(.microseconds(100))) }
        let task = Task { try await endpoint.wait(.never) }
        await Task.yield()
        task.cancel()
        _ = await task.result
      }
    }
  }
}
