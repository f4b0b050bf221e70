import Testing

@testable import Harness

/// Simulated waits, for which the tests set the system calls and the times.
@Suite("The deadline of a wait") struct DeadlineCheckTests {
  private let start = ContinuousClock.now

  /// Returns the reported problem if a call with this deadline is observed at the time `after` from the request.
  private func problem(
    _ check: inout DeadlineCheck, after: Duration, timeout: Duration = .seconds(10), deadline: DeadlineCheck.Rest
  ) -> String? {
    check.problem(
      timeout: timeout, requestedAt: start, look: (start + after)...(start + after + .microseconds(50)),
      deadline: deadline)
  }

  private static let early = "ends before its timeout of 10.0 s, after at most 9.999 s"

  private func at(_ time: Duration) -> DeadlineCheck.Rest {
    let time = start + time
    return { _ in ObservedDeadline(time...time, after: .zero) }
  }

  @Test("is not earlier than the timeout, as far as that is known")
  func early() {
    var (exact, relative) = (DeadlineCheck(), DeadlineCheck())
    #expect(problem(&exact, after: .milliseconds(1), deadline: at(.milliseconds(10_001))) == nil)
    #expect(problem(&exact, after: .milliseconds(1), deadline: at(.milliseconds(9_999))) == Self.early)
    // The call began before the observation.
    #expect(problem(&relative, after: .seconds(2)) { ObservedDeadline($0, after: .milliseconds(8_001)) } == nil)
    #expect(
      problem(&relative, after: .seconds(2)) { ObservedDeadline($0, after: .milliseconds(7_999)) }
        == Self.early)
  }

  @Test("is not more than a second later than the timeout") func late() {
    var check = DeadlineCheck()
    #expect(problem(&check, after: .zero) { ObservedDeadline($0, after: .seconds(11)) } == nil)
    check = DeadlineCheck()
    let problem = problem(&check, after: .zero) { ObservedDeadline($0, after: .seconds(12)) }
    #expect(problem == "ends 2.0 s after its timeout of 10.0 s")
  }

  @Test("does not move after a signal", arguments: [Duration.zero, .milliseconds(3)])
  func moved(by more: Duration) {
    var check = DeadlineCheck()
    #expect(problem(&check, after: .milliseconds(1)) { ObservedDeadline($0, after: .seconds(10)) } == nil)
    #expect(problem(&check, after: .milliseconds(6)) { ObservedDeadline($0, after: .seconds(10)) } == nil)
    check.isInterrupted = true
    // The next call begins after the last observation, which was at 6 ms. Therefore, it waits at least 5 ms less.
    let rest = Duration.milliseconds(9_995) + more
    let problem = problem(&check, after: .milliseconds(20)) { ObservedDeadline($0, after: rest) }
    #expect(problem == (more == .zero ? nil : "starts its timeout of 10.0 s again after a signal"))
  }

  @Test("is found in the arguments of the call")
  func arguments() {
    func limit(_ call: String, _ arguments: [Int] = [0, 0, 0, 0, 0, 0]) -> String {
      WaitLimit(of: call, arguments).map { "\($0)" } ?? "none"
    }
    #expect(limit("read") == "none")
    #expect(limit("ppoll") == "interval(argument: 2)")
    #expect(limit("epoll_wait") == "milliseconds(argument: 3)")
    #expect(limit("mq_timedsend") == "deadline(argument: 4, ofDay: true)")
    #expect(limit("futex", [0, 128, 0, 0, 0, 0]) == "interval(argument: 3)")
    #expect(limit("futex", [0, 137, 0, 0, 0, 0]) == "deadline(argument: 3, ofDay: false)")
    #expect(limit("futex", [0, 393, 0, 0, 0, 0]) == "deadline(argument: 3, ofDay: true)")
    #expect(limit("futex", [0, 1, 0, 0, 0, 0]) == "none")
    #expect(limit("futex_waitv", [0, 0, 0, 0, 1, 0]) == "deadline(argument: 3, ofDay: false)")
  }
}
