import Testing

@testable import Harness

@Suite("A time limit") struct TimeoutScalingTests {
  @Test("is unchanged if sandboxes start quickly") func usual() {
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .milliseconds(4)) == .seconds(20))
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .zero) == .seconds(20))
  }

  @Test("grows with the start time of a sandbox") func busy() {
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .milliseconds(200)) == .seconds(80))
    #expect(TimeoutScaling.scaled(.milliseconds(50), startup: .seconds(1)) == .seconds(1))
  }
}
