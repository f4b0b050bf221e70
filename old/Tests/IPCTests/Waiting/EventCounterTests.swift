import IPC
import SystemPackage
import Testing

@Suite struct EventCounterTests {
  @Test func `A counter gives all, and a semaphore one by one`() throws {
    let counter = try EventCounter(value: 2)
    #expect(isCloseOnExec(counter.descriptor.rawValue) == true)
    #expect(try counter.add(40) == .added)
    #expect(try counter.take() == .took(42))
    #expect(try counter.take(patience: .none) == .wouldBlock)
    let semaphore = try EventCounter(.semaphore, value: 2)
    #expect(try semaphore.take() == .took(1))
    #expect(try semaphore.take() == .took(1))
    #expect(try semaphore.take(patience: .none) == .wouldBlock)
  }

  @Test(arguments: [false, true]) func `Patience ends by its kind, whether the counter blocks or not`(
    _ nonBlocking: Bool
  ) throws {
    let counter = try EventCounter(nonBlocking: nonBlocking)
    var deadline = Deadline.after(.milliseconds(20))
    #expect(try counter.take(patience: .none) == .wouldBlock)
    #expect(try counter.take(patience: .until(deadline)) == .timedOut)
    #expect(deadline.hasPassed)
    #expect(try counter.add(EventCounter.limit - 1, patience: .none) == .added)
    deadline = Deadline.after(.milliseconds(20))
    // There is room for 1, so that poll(2) calls it writable.
    #expect(try counter.add(2, patience: .none) == .wouldBlock)
    #expect(try counter.add(2, patience: .until(deadline)) == .timedOut)
    #expect(deadline.hasPassed)
    #expect(try counter.add(1, patience: .none) == .added)
    #expect(try counter.isNonBlocking == nonBlocking)
    #expect(try counter.take() == .took(EventCounter.limit))
    #expect(reason { _ = try counter.add(.max) } == .invalidArgument)
  }

  @Test(arguments: [false, true]) func `Who waits goes on when there is something, or room`(_ nonBlocking: Bool)
    async throws
  {
    let counter = try EventCounter(nonBlocking: nonBlocking)
    let other = try duplicate(counter.descriptor)
    let taken = Task { try await onThread { try EventCounter(adopting: other).take() } }
    #expect(try counter.add(3) == .added)
    #expect(try await taken.value == .took(3))
    let another = try duplicate(counter.descriptor)
    #expect(try counter.add(EventCounter.limit) == .added)
    let added = Task { try await onThread { try EventCounter(adopting: another).add(5) } }
    #expect(try counter.take() == .took(EventCounter.limit))
    #expect(try await added.value == .added)
    #expect(try counter.take() == .took(5))
  }

  @Test func `Only a counter is adopted as one`() throws {
    let pipe = try IPC.Pipe()
    #expect(reason { _ = try EventCounter(adopting: pipe.reader.descriptor) } == .invalidArgument)
    #expect(isCloseOnExec(pipe.reader.descriptor.rawValue) == true)
    #expect(reason { _ = try EventCounter(adopting: FileDescriptor(rawValue: 987_654)) } == .badFileDescriptor)
    let timer = try TimerDescriptor()
    #expect(reason { _ = try EventCounter(adopting: timer.descriptor) } == .invalidArgument)
    let counter = try EventCounter(adopting: try EventCounter(value: 1).release())
    #expect(try counter.take() == .took(1))
    try counter.close()
  }
}
