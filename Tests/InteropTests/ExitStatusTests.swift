import Testing

@testable import Interop

@Suite("The exit status of a run")
struct ExitStatusTests {
  @Test(
    "says what was unexpected",
    arguments: [
      ([], .asExpected), ([.failed], .failures), ([.unsupported], .failures), ([.timedOut, .broken], .failures),
      ([.crashed], .failures), ([.passed], .failures), ([.broken], .brokenEnvironment), ([.notRun], .brokenEnvironment),
      ([.leaked], .onlyLeaks), ([.leaked, .failed], .failures), ([.leaked, .broken], .brokenEnvironment),
    ] as [([Verdict], Interop.ExitStatus)])
  func status(unexpected: [Verdict], status: Interop.ExitStatus) {
    #expect(Interop.ExitStatus(unexpected: unexpected, complaints: [], isInterrupted: false) == status)
  }

  @Test("is never a count: 256 failures are one status")
  func notACount() {
    let many = Array(repeating: Verdict.failed, count: 256)
    #expect(Interop.ExitStatus(unexpected: many, complaints: [], isInterrupted: false).rawValue == 1)
  }

  @Test(
    "says that cells are missing, but where the first that was unexpected was to end the run",
    arguments: [
      ([], false, .brokenEnvironment), ([], true, .brokenEnvironment), ([.leaked], false, .brokenEnvironment),
      ([.leaked], true, .onlyLeaks), ([.failed], true, .failures),
    ] as [([Verdict], Bool, Interop.ExitStatus)])
  func missing(unexpected: [Verdict], failFast: Bool, status: Interop.ExitStatus) {
    let told = Interop.ExitStatus(
      unexpected: unexpected, missing: 3, failFast: failFast, complaints: [], isInterrupted: false)
    #expect(told == status)
  }

  @Test("is not green when the run as a whole is wrong")
  func complaints() {
    #expect(Interop.ExitStatus(unexpected: [], complaints: ["stale"], isInterrupted: false) == .failures)
    #expect(Interop.ExitStatus(unexpected: [.leaked], complaints: ["stale"], isInterrupted: false) == .failures)
    #expect(Interop.ExitStatus(unexpected: [], complaints: [], isInterrupted: true) == .interrupted)
  }
}
