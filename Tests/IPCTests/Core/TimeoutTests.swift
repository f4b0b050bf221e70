import Glibc
import SystemPackage
import Testing

@testable import IPC

@Suite struct TimeoutTests {
  @Test func `A deadline in the past has passed`() {
    #expect(Timeout.after(.seconds(-1)).hasPassed)
    #expect(Timeout.after(.zero).hasPassed)
    #expect(Timeout.immediate.hasPassed)
    #expect(Timeout.until(SuspendingClock().now.advanced(by: .seconds(-1))).hasPassed)
  }

  @Test func `A deadline in the future has not passed`() {
    #expect(!Timeout.after(.seconds(3600)).hasPassed)
    #expect(!Timeout.until(SuspendingClock().now.advanced(by: .seconds(60))).hasPassed)
    #expect(!Timeout.never.hasPassed)
  }

  @Test func `The remaining time is bounded, and absent without a deadline`() throws {
    #expect(Timeout.never.remaining == nil)
    #expect(Timeout.immediate.remaining == .zero)
    let remaining = try #require(Timeout.after(.seconds(60)).remaining)
    #expect((.seconds(59) ... .seconds(60)).contains(remaining))
  }

  @Test func `A fraction of a nanosecond is rounded up`() {
    let before = MonotonicTime.now
    let timeout = Timeout.after(Duration(secondsComponent: 0, attosecondsComponent: 1))
    #expect(timeout.monotonicNanoseconds > before)
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .seconds(1 << 40), .seconds(-(1 << 40))])
  func `A duration beyond the range of the clock is clamped`(_ duration: Duration) {
    let timeout = Timeout.after(duration)
    #expect(timeout.hasPassed == (duration < .zero))
    #expect(timeout.isDeadline)
    let (seconds, nanoseconds) = timeout.timeOfDay
    #expect(seconds >= 0)
    #expect((0..<1_000_000_000).contains(nanoseconds))
  }

  @Test func `The time of day of a deadline is as far in the future as the deadline`() {
    let distance = Timeout.after(.seconds(100)).timeOfDay.seconds - Timeout.after(.zero).timeOfDay.seconds
    #expect((99...101).contains(distance))
  }

  @Test func `A wait ends at its deadline, not before`() async throws {
    try await onThread {
      for _ in 0..<20 {
        let timeout = Timeout.after(.microseconds(300))
        _ = try Syscall.wait(for: [], of: -1, until: timeout, retryOnInterrupt: true)
        #expect(timeout.hasPassed)
      }
    }
  }

  @Test func `A wait that signals interrupt repeatedly ends at its deadline`() async throws {
    try await onThread {
      let interruptions = Interruptions()
      defer { interruptions.end() }
      let timeout = Timeout.after(.milliseconds(30))
      _ = try Syscall.wait(for: [], of: -1, until: timeout, retryOnInterrupt: true)
      #expect(timeout.hasPassed)
    }
  }

  @Test func `Pauses grow, and end with the timeout`() async throws {
    try await onThread {
      var backoff = Backoff()
      var lengths: [Int64] = []
      for _ in 0..<4 {
        let before = MonotonicTime.now
        let slept = try backoff.sleep(before: .never, retryOnInterrupt: true)
        #expect(slept)
        lengths.append(MonotonicTime.now - before)
      }
      #expect(lengths[0] >= 100_000)
      #expect(lengths[3] >= 800_000)
      let (immediate, late) = (
        try backoff.sleep(before: .immediate, retryOnInterrupt: true),
        try backoff.sleep(before: .after(.seconds(-1)), retryOnInterrupt: true)
      )
      #expect(!immediate)
      #expect(!late)
    }
  }

  @Test func `A time of day is converted, and must be a valid timespec`() throws {
    #expect(reason { _ = try Timeout.until(secondsSince1970: 1, nanoseconds: -1) } == .invalidArgument)
    #expect(reason { _ = try Timeout.until(secondsSince1970: 1, nanoseconds: 1_000_000_000) } == .invalidArgument)
    #expect(reason { _ = try Timeout.until(secondsSince1970: -1, nanoseconds: 0) } == .invalidArgument)
    #expect(try Timeout.until(secondsSince1970: 1, nanoseconds: 0).hasPassed)
    let far = try Timeout.until(secondsSince1970: .max, nanoseconds: 999_999_999)
    #expect(!far.hasPassed)
    // In the last second for which this works, the remaining time in nanoseconds just fits in an `Int64`.
    let last = Int64(time(nil)) + 9_223_372_036
    #expect(try !Timeout.until(secondsSince1970: last, nanoseconds: 999_999_999).hasPassed)
  }
}
