import Foundation
import IPC
import SystemPackage
import Testing

@testable import IPCAsync

@Suite struct EventLoopTests {
  @Test func `A reader and a writer wait for the same socket`() async throws {
    let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
    let (near, far) = (Shared(pair.first), Shared(pair.second))
    let sent = [UInt8](repeating: 1, count: 1_000_000)
    async let writing: Void = near.handle.writeAll(sent.span)
    async let reading = {
      var bytes: [UInt8] = []
      return try await near.handle.read(maxLength: 1, appendingTo: &bytes)
    }()
    await Task.yield()
    let byte: [UInt8] = [1]
    try await far.handle.writeAll(byte.span)
    #expect(try await reading == 1)
    var received: [UInt8] = []
    #expect(try await far.handle.readExactly(sent.count, appendingTo: &received) == sent.count)
    try await writing
  }

  @Test func `Two readers of one description get one message each`() async throws {
    let counter = Shared(try EventFD(semaphore: true))
    async let first = counter.handle.read()
    async let second = counter.handle.read()
    try await counter.handle.write(2)
    #expect(try await first + second == 2)
  }

  /// Reuses a descriptor number for a new file after a cancelled wait has left behind an entry for the old file.
  @Test(arguments: [false, true])
  func `A number that belongs to another file is watched again`(_ keepsOld: Bool) async {
    await #expect(processExitsWith: .success) { [keepsOld = keepsOld as Bool] in
      let old = try EventFD()
      let view = FileDescriptorView(old.descriptor)
      let cancelled = Task { try await view.wait(for: .readable) }
      await eventually { (try? EventLoop.current.waitCount) == 1 }
      cancelled.cancel()
      _ = await cancelled.result
      // A duplicate keeps the open file description open, and therefore the epoll entry in the kernel.
      let duplicate = keepsOld ? try EventFD(adopting: old.descriptor.duplicate()) : nil
      let new = try EventFD()
      _ = try new.descriptor.duplicate(as: old.descriptor)
      let waiting = Task { try await view.wait(for: .readable, timeout: .after(.seconds(3600))) }
      await eventually { (try? EventLoop.current.waitCount) == 1 }
      // The event on the old file must not end the wait.
      try await duplicate?.write(1)
      try await new.write(1)
      #expect(try await waiting.value == .readable)
      #expect(try await new.read(timeout: .immediate) == 1)
    }
  }

  @Test func `A file for which epoll does not work is always ready`() async throws {
    let memory = try MemoryObject.anonymous("file", size: 100)
    #expect(try await memory.wait(for: [.readable, .writable]) == [.readable, .writable])
  }

  @Test func `A hang-up ends a wait for another event`() async throws {
    let pipe = try AnonymousPipe()
    let reader = pipe.reader
    let writer = pipe.writer
    async let readiness = writer.wait(for: [])
    await Task.yield()
    try reader.close()
    #expect(try await readiness == .error)
  }

  /// Calls that do not need to wait do not suspend.
  ///
  /// If they did not yield either, the other task would never run on the same actor.
  @Test func `A task that always finds a message yields to other tasks`() async throws {
    let counter = try EventFD(value: 100_000, semaphore: true, nonBlocking: true)
    let reads = try await Flood().run(counter)
    #expect(reads < 100_000)
  }

  private actor Flood {
    private var otherHasRun = false

    /// Reads until another task on this actor has run, and returns the number of reads.
    func run(_ counter: consuming EventFD) async throws -> Int {
      let counter = Shared(counter)
      Task { self.noteRun() }
      for number in 0..<100_000 {
        if otherHasRun { return number }
        _ = try await counter.handle.read()
      }
      return 100_000
    }

    private func noteRun() { otherHasRun = true }
  }

  @Test(arguments: [false, true])
  func `Deadlines end waits in order`(_ reversed: Bool) async throws {
    let counter = Shared(try EventFD())
    let limits = (1...20).map { Duration.milliseconds($0) }
    let ended = try await withThrowingTaskGroup(of: Duration.self) { group in
      for limit in reversed ? limits.reversed() : limits {
        group.addTask {
          let start = SuspendingClock().now
          let error = try await reason { _ = try await counter.handle.read(timeout: .after(limit)) }
          #expect(error == .timedOut)
          #expect(start.duration(to: SuspendingClock().now) >= limit)
          return limit
        }
      }
      return try await group.reduce(into: [Duration]()) { $0.append($1) }
    }
    #expect(ended.sorted() == limits)
  }

  @Test func `Tasks of the executor run in its thread, and wait there`() async throws {
    let executor = try EventLoopExecutor.shared()
    let pipe = try AnonymousPipe()
    let (reader, writer) = (Shared(pipe.reader), Shared(pipe.writer))
    let reading = Task(executorPreference: executor) { @concurrent in
      var (bytes, threads): ([UInt8], Set<UInt>) = ([], [])
      for _ in 0..<100 {
        _ = try await reader.handle.read(maxLength: 1, appendingTo: &bytes)
        threads.insert(UInt(pthread_self()))
      }
      return threads.count
    }
    let byte: [UInt8] = [1]
    for _ in 0..<100 { try await writer.handle.writeAll(byte.span) }
    #expect(try await reading.value == 1)
  }

  @Test(arguments: EndpointKind.allCases)
  func `Every call works on the executor`(_ kind: EndpointKind) async throws {
    let executor = try EventLoopExecutor.shared()
    try await kind.withEndpoint { endpoint in
      let waiting = Task(executorPreference: executor) { @concurrent in
        for _ in 0..<10 { try await endpoint.wait(.never) }
      }
      for _ in 0..<10 { while try !endpoint.provide() { await Task.yield() } }
      try await waiting.value
      let cancelled = Task(executorPreference: executor) { @concurrent in try await endpoint.wait(.never) }
      cancelled.cancel()
      await #expect(throws: CancellationError.self) { try await cancelled.value }
    }
  }
}

/// A descriptor that another value owns.
struct FileDescriptorView: DescriptorRepresentable, Sendable {
  let descriptor: FileDescriptor
  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }
}
