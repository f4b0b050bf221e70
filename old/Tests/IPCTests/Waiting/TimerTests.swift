import IPC
import SystemPackage
import Testing

@Suite struct TimerTests {
  @Test func `A timer that is not set does not expire`() throws {
    let timer = try TimerDescriptor()
    #expect(isCloseOnExec(timer.descriptor.rawValue) == true)
    #expect(try timer.status == nil)
    #expect(try timer.read(patience: .none) == .wouldBlock)
    let deadline = Deadline.after(.milliseconds(10))
    #expect(try timer.read(patience: .until(deadline)) == .timedOut)
    #expect(deadline.hasPassed)
  }

  @Test func `It expires once at its instant, and not before`() throws {
    let timer = try TimerDescriptor()
    let instant = Deadline.after(.milliseconds(5))
    try timer.set(at: instant)
    #expect(try timer.status?.interval == nil)
    #expect(try timer.read() == .expired(1))
    #expect(instant.hasPassed)
    #expect(try timer.status == nil)
    #expect(try timer.read(patience: .none) == .wouldBlock)
  }

  @Test(arguments: [Duration.zero, .seconds(-1)]) func `An instant that has passed is at once`(_ duration: Duration)
    throws
  {
    let timer = try TimerDescriptor()
    try timer.set(after: duration)
    #expect(try timer.read() == .expired(1))
  }

  @Test func `It counts until it is read, and forgets when it is set anew`() throws {
    let timer = try TimerDescriptor()
    // So many have passed when it is set.
    try timer.set(at: .after(.milliseconds(-95)), every: .milliseconds(10))
    guard case .expired(let times) = try timer.read() else { return #expect(Bool(false)) }
    #expect(times >= 10)
    try timer.set(at: .after(.milliseconds(-95)), every: .seconds(100))
    let status = try timer.status
    #expect(status?.interval == Duration.seconds(100))
    let isLong: Bool = status.map { $0.remaining > Duration.seconds(90) } ?? false
    #expect(isLong)
    try timer.disarm()
    #expect(try timer.status == nil)
    #expect(try timer.read(patience: .none) == .wouldBlock)
  }

  @Test func `A time beyond all is the last one`() throws {
    let timer = try TimerDescriptor()
    try timer.set(after: .seconds(Int64.max), every: .seconds(Int64.max))
    #expect(try timer.read(patience: .none) == .wouldBlock)
    #expect(try timer.status != nil)
  }
}
