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

  @Test("counts the requirements that are not met, and distinguishes an empty selection from unsupported cells")
  func summaries() {
    var rules = RunSummary.Rules()
    rules.requiredCells = 5
    rules.unmetRequirements = ["the peer does not have pid"]
    let unmet = RunSummary([], planned: [], problems: ["other"], rules: rules, seconds: 1, interrupted: false)
    #expect(unmet.unmetRequirements == 2 && unmet.problems.count == 3 && unmet.exitStatus == .failures)
    #expect(unmet.requirements == ", 2 requirements not met")
    #expect(unmet.counts(of: []) == "0 passed, 0 failed, 0 not run, 2 requirements not met")
    func meaning(planned: Int) -> String {
      RunSummary(
        planned: planned, counts: [:], unexpected: 0, problems: [], seconds: 1, exitStatus: .nothingSelected,
        interrupted: false
      ).meaning
    }
    #expect(meaning(planned: 0) == "nothing was selected")
    #expect(meaning(planned: 2) == "nothing that the peers support was selected")
  }

  @Test("is not success if the run as a whole has a problem")
  func problems() {
    #expect(Harness.ExitStatus(unexpected: [], problems: ["stale"], isInterrupted: false) == .failures)
    #expect(Harness.ExitStatus(unexpected: [.leaked], problems: ["stale"], isInterrupted: false) == .failures)
    #expect(Harness.ExitStatus(unexpected: [], problems: [], isInterrupted: true) == .interrupted)
  }
}
