import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct TimerFDTests {
  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `An interval that is not positive is an error`(_ interval: Duration) throws {
    let timer = try TimerFD()
    #expect(reason { try timer.set(after: .seconds(3600), every: interval) } == .invalidArgument)
    #expect(reason { try timer.set(at: .now, every: interval) } == .invalidArgument)
    #expect(reason { try timer.set(atSeconds: 0, every: interval) } == .invalidArgument)
    #expect(try timer.status == nil)
  }

  @Test func `A timer that is not set does not expire`() throws {
    let timer = try TimerFD()
    #expect(isCloseOnExec(timer.descriptor.rawValue) == true)
    #expect(try timer.status == nil)
    #expect(try timer.tryRead() == nil)
    let timeout = Timeout.after(.milliseconds(10))
    #expect(reason { _ = try timer.read(timeout: timeout) } == .timedOut)
    #expect(timeout.hasPassed)
  }

  @Test func `A timer expires once at its instant, and not before`() throws {
    let timer = try TimerFD()
    let instant = SuspendingClock().now.advanced(by: .milliseconds(5))
    try timer.set(at: instant)
    #expect(try timer.status?.interval == nil)
    #expect(try timer.read() == 1)
    #expect(SuspendingClock().now >= instant)
    #expect(try timer.status == nil)
    #expect(try timer.tryRead() == nil)
  }

  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `A timer expires immediately if its instant has passed`(_ duration: Duration) throws {
    let timer = try TimerFD()
    try timer.set(after: duration)
    #expect(try timer.read() == 1)
  }

  @Test func `A timer counts expirations until it is read, and discards them when it is set`() throws {
    let timer = try TimerFD()
    // Ten intervals have passed when the timer is set.
    let instant = SuspendingClock().now.advanced(by: .milliseconds(-95))
    try timer.set(at: instant, every: .milliseconds(10))
    #expect(try timer.read() >= 10)
    try timer.set(at: instant, every: .seconds(100))
    let status = try timer.status
    #expect(status?.interval == Duration.seconds(100))
    let isLong: Bool = status.map { $0.remaining > Duration.seconds(90) } ?? false
    #expect(isLong)
    try timer.disarm()
    #expect(try timer.status == nil)
    #expect(try timer.tryRead() == nil)
  }

  @Test func `A time beyond the range of the clock becomes its last instant`() throws {
    let timer = try TimerFD()
    try timer.set(after: .seconds(Int64.max), every: .seconds(Int64.max))
    #expect(try timer.tryRead() == nil)
    #expect(try timer.status != nil)
  }

  @Test func `An adopted timer that is blocking does not wait longer than its timeout`() throws {
    let own = try TimerFD()
    try own.setNonBlocking(false)
    let timer = try TimerFD(adopting: own.release())
    #expect(try timer.tryRead() == nil)
    #expect(reason { _ = try timer.read(timeout: .after(.milliseconds(5))) } == .timedOut)
    #expect(try !timer.isNonBlocking)
    try timer.set(after: .milliseconds(1))
    #expect(try timer.read() == 1)
  }

  @Test func `Only a timer is adopted as one`() throws {
    let counter = try EventFD()
    #expect(reason { _ = try TimerFD(adopting: counter.descriptor) } == .invalidArgument)
    #expect(reason { _ = try TimerFD(adopting: FileDescriptor(rawValue: 987_654)) } == .badFileDescriptor)
  }

  @Test(arguments: [TimerFD.Clock.monotonic, .bootTime, .timeOfDay])
  func `A timer of each clock expires at a time that has passed`(_ clock: TimerFD.Clock) throws {
    let timer = try TimerFD(clock: clock)
    try timer.set(atSeconds: 1)
    #expect(try timer.read() == 1)
    try timer.set(after: .milliseconds(5))
    #expect(try timer.read() == 1)
    try timer.set(atSeconds: 1 << 40)
    #expect(try timer.tryRead() == nil)
    #expect(reason { try timer.set(atSeconds: 1, nanoseconds: 1_000_000_000) } == .invalidArgument)
    #expect(reason { try timer.set(atSeconds: -1) } == .invalidArgument)
  }
}
