import Glibc
import Testing

@testable import IPC

@Suite struct DeadlineTests {
  @Test func `A deadline in the past has passed`() {
    #expect(Deadline.after(.seconds(-1)).hasPassed)
    #expect(Deadline.after(.zero).hasPassed)
  }

  @Test func `A deadline in the future has not passed, and is later than now`() {
    let deadline = Deadline.after(.seconds(60))
    #expect(!deadline.hasPassed)
    #expect(deadline > .now)
  }

  @Test func `A fraction of a nanosecond is rounded up, for a deadline is never early`() {
    let before = Deadline.now
    #expect(Deadline.after(Duration(secondsComponent: 0, attosecondsComponent: 1)) > before)
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .seconds(1 << 40), .seconds(-(1 << 40))])
  func `What no clock can show becomes the first or the last instant`(_ duration: Duration) {
    let deadline = Deadline.after(duration)
    #expect(deadline.hasPassed == (duration < .zero))
    let (seconds, nanoseconds) = timeOfDay(deadline)
    #expect(seconds >= 0)
    #expect((0..<1_000_000_000).contains(nanoseconds))
  }

  @Test func `The time of day of a deadline is as far from the present one`() {
    let distance = timeOfDay(.after(.seconds(100))).seconds - timeOfDay(.now).seconds
    #expect((99...101).contains(distance))
  }

  @Test func `Waiting ends at the deadline, not before`() async throws {
    try await onThread {
      for _ in 0..<20 {
        let deadline = Deadline.after(.microseconds(300))
        try Kernel.sleep(until: deadline)
        #expect(deadline.hasPassed)
      }
    }
  }

  @Test func `A wait that signals interrupt again and again ends at its deadline`() async throws {
    try await onThread {
      let nagging = Nagging()
      defer { nagging.end() }
      let deadline = Deadline.after(.milliseconds(30))
      try Kernel.sleep(until: deadline)
      #expect(deadline.hasPassed)
    }
  }

  @Test func `Pauses between tries grow, and end with patience`() throws {
    var backoff = Backoff()
    let first = backoff.next(before: .forever)
    let second = backoff.next(before: .forever)
    #expect(try #require(first) < #require(second))
    let soon = Deadline.after(.milliseconds(1))
    let third = backoff.next(before: .until(soon))
    #expect(try #require(third) <= soon)
    let (never, tooLate) = (backoff.next(before: .none), backoff.next(before: .atMost(.seconds(-1))))
    #expect(never == nil)
    #expect(tooLate == nil)
  }

  private func timeOfDay(_ deadline: Deadline) -> (seconds: Int, nanoseconds: Int) {
    unsafe withUnsafeBytes(of: deadline.timeOfDay) { unsafe $0.load(as: (Int, Int).self) }
  }
}
