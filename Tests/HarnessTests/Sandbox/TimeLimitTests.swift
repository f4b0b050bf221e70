import Foundation
import Testing

@testable import Harness

@Suite("A time limit") struct TimeoutScalingTests {
  @Test("is unchanged if sandboxes start quickly") func usual() {
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .milliseconds(4)) == .seconds(20))
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .zero) == .seconds(20))
  }

  @Test("grows with a sandbox's startup time") func busy() {
    #expect(TimeoutScaling.scaled(.seconds(20), startup: .milliseconds(200)) == .seconds(80))
    #expect(TimeoutScaling.scaled(.milliseconds(50), startup: .milliseconds(500)) == .milliseconds(500))
    #expect(TimeoutScaling.scaled(.seconds(2), startup: .seconds(20)) == .seconds(20))
  }

  @Test("grows with a peer's time to its first response, but does not count the machine's delay twice") func slow() {
    func slowness(_ response: Duration, _ startup: Duration) -> Double {
      TimeoutScaling.slowness(firstResponse: response, startup: startup)
    }
    #expect(slowness(.milliseconds(3), .milliseconds(4)) == 1)
    #expect(slowness(.milliseconds(100), .milliseconds(4)) == 1)
    #expect(slowness(.seconds(1), .milliseconds(4)) == 10)
    #expect(slowness(.seconds(1), .milliseconds(200)) == 2.5)
    #expect(slowness(.seconds(10), .seconds(5)) == 1)
  }
}

/// Simulated time limits, for which the tests set the times and delays.
@Suite("A time limit with waits for a processor") struct TimeLimitTests {
  private let start = ContinuousClock.now

  private func limit(_ duration: Duration = .seconds(20), maximum: Duration? = nil, delay: Duration = .zero)
    -> TimeLimit
  {
    TimeLimit(duration, maximum: maximum, delay: delay, now: start)
  }

  @Test("expires on time on an idle machine, without requesting the delays earlier") func idle() {
    var limit = limit()
    let isEarly = limit.hasPassed(now: start + .milliseconds(19_999)) {
      Issue.record("the delays were requested early")
      return .zero
    }
    #expect(!isEarly && limit.remaining(now: start + .seconds(15)) == .seconds(5))
    #expect(limit.hasPassed(now: start + .seconds(20)) { .zero })
    #expect("\(limit)" == "20.0 seconds")
  }

  @Test("is extended again whenever its processes have waited longer") func starved() {
    var limit = limit()
    #expect(!limit.hasPassed(now: start + .seconds(20)) { .seconds(15) })
    #expect(limit.remaining(now: start + .seconds(20)) == .seconds(15))
    #expect(!limit.hasPassed(now: start + .seconds(35)) { .seconds(18) })
    #expect(limit.hasPassed(now: start + .seconds(38)) { .seconds(18) })
    #expect("\(limit)" == "20.0 seconds, not counting 18.0 seconds in which its processes waited for a processor")
  }

  @Test("does not count a delay from before it") func earlierDelay() {
    var limit = limit(delay: .seconds(100))
    #expect(limit.hasPassed(now: start + .seconds(20)) { .seconds(100) })
  }

  @Test("counts the time in which several processes wait only once") func several() {
    var limit = limit()
    #expect(!limit.hasPassed(now: start + .seconds(20)) { .seconds(1000) })
    #expect(limit.remaining(now: start + .seconds(20)) == .seconds(20))
    #expect(limit.hasPassed(now: start + .seconds(40)) { .seconds(1000) })
  }

  @Test("expires for a thread that has since used as much CPU time, even if it waits in between") func busy() {
    var limit = limit()
    func hasPassed(after seconds: Int, used: Int) -> Bool {
      limit.hasPassed(
        now: start + .seconds(seconds), delay: { .seconds(seconds) },
        used: { ["/proc/1/task/1": .seconds(used), "/proc/2/task/2": .seconds(5)] })
    }
    #expect(!hasPassed(after: 20, used: 50))
    #expect(!hasPassed(after: 40, used: 69))
    #expect(hasPassed(after: 80, used: 70))
  }

  @Test("expires at its maximum even if its processes never ran", arguments: [nil, Duration.seconds(60)])
  func maximum(_ maximum: Duration?) {
    var limit = limit(.seconds(1), maximum: maximum)
    let end = maximum ?? .seconds(30)
    var now = Duration.zero
    while !limit.hasPassed(now: start + now, delay: { now }) { now += limit.remaining(now: start + now) }
    #expect(now == end)
  }

  @Test("includes the delay of a process and its descendants") func processes() throws {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    // Both processes are busy on the same processor, so each waits for the other.
    shell.arguments = ["-c", "taskset -p 1 $$ >/dev/null; while :; do :; done & while :; do :; done"]
    shell.standardOutput = FileHandle.nullDevice
    try shell.run()
    defer {
      for child
        in (try? String(
          contentsOfFile: "/proc/\(shell.processIdentifier)/task/\(shell.processIdentifier)/children", encoding: .utf8))?
        .split(separator: " ") ?? []
      {
        if let child = pid_t(child) { kill(child, SIGKILL) }
      }
      shell.terminate()
      shell.waitUntilExit()
    }
    let delay = SchedulingDelay(of: shell.processIdentifier)
    var limit = limit(.seconds(60))
    while delay.measure() < .milliseconds(50), !limit.hasPassed(delay: { .zero }) {}
    #expect(delay.total >= .milliseconds(50))
  }

  @Test("includes the delay of a waiting process that has not run since") func starving() throws {
    // The second process is ready to run, but does so only when the first does not need the processor.
    let script = "taskset -p 1 $$ >/dev/null; chrt -i -p 0 $$; while :; do :; done"
    let shells = ["taskset -p 1 $$ >/dev/null; while :; do :; done", script].map { script in
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/sh")
      shell.arguments = ["-c", script]
      shell.standardOutput = FileHandle.nullDevice
      return shell
    }
    for shell in shells { try shell.run() }
    defer {
      for shell in shells {
        shell.terminate()
        shell.waitUntilExit()
      }
    }
    let delay = SchedulingDelay(of: shells[1].processIdentifier)
    var limit = limit(.seconds(60))
    while delay.measure() < .milliseconds(200), !limit.hasPassed(delay: { .zero }) {}
    #expect(delay.total >= .milliseconds(200))
  }

  @Test("is rounded in messages")
  func text() {
    #expect("\(limit(.seconds(5.33504602)))" == "5.3 seconds")
    #expect("\(limit(.milliseconds(51)))" == "0.05 seconds")
  }
}
