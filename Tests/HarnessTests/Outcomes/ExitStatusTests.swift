import Testing

@testable import Harness

@Suite("The exit status of a run")
struct ExitStatusTests {
  @Test(
    "depends on the unexpected verdicts",
    arguments: [
      ([], .asExpected), ([.failed], .failures), ([.timedOut, .broken], .failures),
      ([.crashed], .failures), ([.passed], .failures), ([.broken], .brokenEnvironment), ([.notRun], .brokenEnvironment),
      ([.leaked], .onlyLeaks), ([.leaked, .failed], .failures), ([.leaked, .broken], .brokenEnvironment),
    ] as [([Verdict], Harness.ExitStatus)])
  func status(unexpected: [Verdict], status: Harness.ExitStatus) {
    #expect(Harness.ExitStatus(unexpected: unexpected, problems: [], isInterrupted: false) == status)
  }

  @Test("is the same for 1 failure and for 256")
  func notACount() {
    let many = Array(repeating: Verdict.failed, count: 256)
    #expect(Harness.ExitStatus(unexpected: many, problems: [], isInterrupted: false).rawValue == 1)
  }

  @Test(
    "reports missing cells, unless the first unexpected verdict was to end the run",
    arguments: [
      ([], false, .brokenEnvironment), ([], true, .brokenEnvironment), ([.leaked], false, .brokenEnvironment),
      ([.leaked], true, .onlyLeaks), ([.failed], true, .failures),
    ] as [([Verdict], Bool, Harness.ExitStatus)])
  func missing(unexpected: [Verdict], failFast: Bool, status: Harness.ExitStatus) {
    let actual = Harness.ExitStatus(
      unexpected: unexpected, missing: 3, failFast: failFast, problems: [], isInterrupted: false)
    #expect(actual == status)
  }

  @Test("is not success if the run as a whole has a problem")
  func problems() {
    #expect(Harness.ExitStatus(unexpected: [], problems: ["stale"], isInterrupted: false) == .failures)
    #expect(Harness.ExitStatus(unexpected: [.leaked], problems: ["stale"], isInterrupted: false) == .failures)
    #expect(Harness.ExitStatus(unexpected: [], problems: [], isInterrupted: true) == .interrupted)
  }
}
