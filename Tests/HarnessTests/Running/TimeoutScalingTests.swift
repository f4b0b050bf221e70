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

  @Test("grows with the time until the first response of a peer, but does not count a slow machine twice") func slow() {
    func slowness(_ response: Duration, _ startup: Duration) -> Double {
      TimeoutScaling.slowness(firstResponse: response, startup: startup)
    }
    #expect(slowness(.milliseconds(3), .milliseconds(4)) == 1)
    #expect(slowness(.milliseconds(100), .milliseconds(4)) == 1)
    #expect(slowness(.seconds(1), .milliseconds(4)) == 10)
    #expect(slowness(.seconds(1), .milliseconds(200)) == 2.5)
  }
}
