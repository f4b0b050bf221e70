import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct EventFDTests {
  @Test func `A counter returns its whole value, and a semaphore 1`() throws {
    let counter = try EventFD(value: 2)
    #expect(isCloseOnExec(counter.descriptor.rawValue) == true)
    try counter.write(40)
    #expect(try counter.read() == 42)
    #expect(try counter.tryRead() == nil)
    let semaphore = try EventFD(value: 2, semaphore: true)
    #expect(try semaphore.read() == 1)
    #expect(try semaphore.tryRead() == 1)
    #expect(try semaphore.tryRead() == nil)
  }

  @Test(arguments: [false, true]) func `A timeout ends a wait, whether or not the descriptor is non-blocking`(
    _ nonBlocking: Bool
  ) throws {
    let counter = try EventFD(nonBlocking: nonBlocking)
    var timeout = Timeout.after(.milliseconds(20))
    #expect(reason { _ = try counter.read(timeout: .immediate) } == .wouldBlock)
    #expect(reason { _ = try counter.read(timeout: timeout) } == .timedOut)
    #expect(timeout.hasPassed)
    try counter.write(EventFD.maximumValue - 1, timeout: .immediate)
    timeout = .after(.milliseconds(20))
    // The counter can still be incremented by 1, so poll(2) reports it as writable.
    #expect(try !counter.tryWrite(2))
    #expect(reason { try counter.write(2, timeout: .immediate) } == .wouldBlock)
    #expect(reason { try counter.write(2, timeout: timeout) } == .timedOut)
    #expect(timeout.hasPassed)
    #expect(try counter.tryWrite(1))
    #expect(try counter.isNonBlocking == nonBlocking)
    #expect(try counter.read() == EventFD.maximumValue)
    #expect(reason { try counter.write(.max) } == .invalidArgument)
  }

  @Test(arguments: [false, true]) func `A waiting call continues when there is a value, or room`(_ nonBlocking: Bool)
    async throws
  {
    let counter = try EventFD(nonBlocking: nonBlocking)
    let other = try duplicate(counter.descriptor)
    let taken = Task { try await onThread { try EventFD(adopting: other).read() } }
    try counter.write(3)
    #expect(try await taken.value == 3)
    let another = try duplicate(counter.descriptor)
    try counter.write(EventFD.maximumValue)
    let added = Task { try await onThread { try EventFD(adopting: another).write(5) } }
    #expect(try counter.read() == EventFD.maximumValue)
    try await added.value
    #expect(try counter.read() == 5)
  }

  @Test func `Only an eventfd is adopted as one`() throws {
    let pipe = try AnonymousPipe()
    #expect(reason { _ = try EventFD(adopting: pipe.reader.descriptor) } == .invalidArgument)
    #expect(isCloseOnExec(pipe.reader.descriptor.rawValue) == true)
    #expect(reason { _ = try EventFD(adopting: FileDescriptor(rawValue: 987_654)) } == .badFileDescriptor)
    let timer = try TimerFD()
    #expect(reason { _ = try EventFD(adopting: timer.descriptor) } == .invalidArgument)
    let counter = try EventFD(adopting: try EventFD(value: 1).release())
    #expect(try counter.read() == 1)
    try counter.close()
  }
}
