import Foundation
import PeerProtocol
import Testing

@testable import Harness

/// The requirements for durations, which the runner checks even if no step in a script does.
@Suite("An operation's duration")
struct TimeCheckTests {
  private func check() throws -> TimeCheck {
    TimeCheck(registry: try Checkout.scenarios(ShellPeers.scenario()).registry)
  }

  private func exchange(_ request: String, _ response: String, after elapsed: Duration) throws -> Exchange {
    Exchange(request: try Request(parsing: request), response: try Response(parsing: response), elapsed: elapsed)
  }

  @Test(
    "is at least the timeout if the operation times out",
    arguments: [
      ("read handle=r count=1 timeout=0.02", "error errno=ETIMEDOUT"),
      ("mq_timedreceive abs_timeout=0.02", "error errno=ETIMEDOUT call=mq_timedreceive"),
      ("semtimedop sops=0:-1 timeout=0.02", "error errno=EAGAIN"),
      ("sigtimedwait signum=34 timeout=0.02", "error errno=EAGAIN"),
      ("poll handle=r events=POLLIN timeout=0.02", "ok return=0 revents=0"),
      ("epoll_wait handle=e timeout=0.02", "ok return=0"),
    ])
  func lowerBound(request: String, response: String) throws {
    let check = try check()
    let problem = check.earlyEnd(of: try exchange(request, response, after: .microseconds(19_999)))
    #expect(problem?.hasSuffix(" timed out after 19.999 ms, before its timeout of 20.0 ms") == true)
    #expect(check.earlyEnd(of: try exchange(request, response, after: .milliseconds(20))) == nil)
  }

  @Test(
    "has no lower bound if the operation ends in another way, or its timeout is missing or has passed",
    arguments: [
      ("read handle=r count=1 timeout=0.02", "ok return=1 buf=x"),
      ("read handle=r count=1 timeout=0.02", "error errno=EINTR"),
      ("read handle=r count=1 timeout=0", "error errno=ETIMEDOUT"),
      ("read handle=r count=1 timeout=-1", "error errno=ETIMEDOUT"),
      ("read handle=r count=1", "error errno=ETIMEDOUT"),
      ("semtimedop sops=0:-1:IPC_NOWAIT timeout=9", "error errno=EAGAIN"),
      ("poll handle=r events=POLLIN timeout=9", "ok return=1 revents=POLLIN"),
    ])
  func noLowerBound(request: String, response: String) throws {
    #expect(try check().earlyEnd(of: try exchange(request, response, after: .zero)) == nil)
  }

  @Test(
    "is zero if the operation must not wait",
    arguments: [
      ("read handle=r count=1 timeout=0", true), ("read handle=r count=1 timeout=-1", true),
      ("poll handle=r events=POLLIN timeout=0", true),
      ("poll handle=r events=POLLIN timeout=-1", false), ("read handle=r count=1 timeout=0.001", false),
      ("read handle=r count=1", false),
      ("msgrcv msgsz=8 msgflg=MSG_NOERROR|IPC_NOWAIT", true), ("semop sops=0:-1:IPC_NOWAIT", true),
      ("recv len=1 flags=MSG_DONTWAIT", true),
      ("send buf=MSG_DONTWAIT", false), ("sem_trywait handle=s", true), ("filter program=cat buf=x timeout=0", false),
    ])
  func immediate(request: String, isImmediate: Bool) throws {
    #expect(try check().isImmediate(try Request(parsing: request), expecting: .ok([])) == isImmediate)
  }

  @Test("is zero if the operation must fail with EAGAIN, unless EAGAIN reports its timeout")
  func wouldBlock() throws {
    let check = try check()
    #expect(check.isImmediate(try Request(parsing: "mq_receive"), expecting: .error(["EAGAIN"], [])))
    #expect(!check.isImmediate(try Request(parsing: "mq_receive"), expecting: .error(["EAGAIN", "EINTR"], [])))
    #expect(
      !check.isImmediate(try Request(parsing: "sigtimedwait signum=34 timeout=1"), expecting: .error(["EAGAIN"], [])))
  }

  @Test("is the longer of the times on both clocks, because the time of day can be set")
  func clocks() {
    let start = Moment(instant: .now, timeOfDay: .seconds(1000))
    let steppedForward = Moment(instant: start.instant + .milliseconds(5), timeOfDay: .seconds(4600))
    #expect(steppedForward.elapsed(since: start) == .seconds(3600))
    let steppedBack = Moment(instant: start.instant + .milliseconds(5), timeOfDay: .zero)
    #expect(steppedBack.elapsed(since: start) == .milliseconds(5))
  }
}

/// Peers that respond too early, or that sleep in operations that must not wait.
@Suite("A cell with a peer", .serialized) struct TimeCheckCellTests {
  private func outcome(_ cases: String, _ step: String, operations: String) async throws -> CellOutcome {
    let (scenarios, registry) = try Checkout.scenarios(ShellPeers.scenario(steps: "    - a: \(step)"))
    let scenario = try #require(scenarios.first)
    let script = ShellPeers.script("odd", cases).replacing("pid,limits", with: operations)
    return try await onThread {
      try ShellPeers.withScripts([script]) { folder, commands in
        let configuration = RunConfiguration(
          root: folder, sandboxInit: Checkout.sandboxInit, peers: PeerList([]), registry: registry)
        return CellRun.run(
          scenario, languages: ["a": PeerDescription(language: "odd", peer: commands[0], programs: nil)],
          names: CellNames(), context: configuration.context(SandboxCapabilities(isolation: .private)))
      }
    }
  }

  @Test("that times out early fails") func early() async throws {
    let outcome = try await outcome(
      "*:poll*) echo ok return=0 ;;", "poll fd=-1 events=0 timeout=3600 -> return=0", operations: "poll")
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason?.contains("before its timeout of 3600000.0 ms") == true)
  }

  @Test("that sleeps in a call that must not wait fails") func sleeping() async throws {
    let outcome = try await outcome(
      "*:sem_trywait*) sleep 1000; echo error errno=EAGAIN ;;", "sem_trywait handle=s -> error EAGAIN",
      operations: "sem_trywait")
    #expect(outcome.verdict == .failed)
    #expect(outcome.reason?.contains("sem_trywait must not wait, but sleeps in ") == true)
  }

  @Test("that is busy in a call that must not wait passes: the machine may be slow") func busy() async throws {
    let outcome = try await outcome(
      "*:sem_trywait*) i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; echo error errno=EAGAIN ;;",
      "sem_trywait handle=s -> error EAGAIN", operations: "sem_trywait")
    #expect(outcome.verdict == .passed, "\(outcome.reason ?? "")")
  }
}
