import PeerProtocol
import Testing

@testable import Harness

@Suite("The state of a role that is waiting for its next request")
struct StateCheckTests {
  private func role() throws -> RoleProcess {
    let scenario = try #require(try Checkout.scenarios(ShellPeers.scenario()).scenarios.first)
    return RoleProcess(role: scenario.roles[0], index: 0, language: "c", command: [])
  }

  private func holdings(
    blocked: String = "0", ignored: String = "1000", caught: String = "0", pending: String = "0", flags: Int32 = 0
  ) throws -> ProcessHoldings {
    var fields = Fields()
    for (key, mask) in [("blocked", blocked), ("ignored", ignored), ("caught", caught), ("pending", pending)] {
      fields.append(key, mask)
    }
    fields.append("state", "S")
    return ProcessHoldings(
      descriptors: [5: "pipe:[1]"], flags: [5: StatusFlags(flags)], signals: SignalState(fields))
  }

  private func problem(of role: RoleProcess, _ now: ProcessHoldings) -> String? {
    StateCheck(roles: [role]).problem(of: role, now)?.reason
  }

  private func follow(_ line: String, _ role: RoleProcess) throws {
    let registry = try Checkout.scenarios(ShellPeers.scenario()).registry
    let request = try Request(parsing: line)
    role.follow(request, Fields(), try #require(registry[request.operation]))
  }

  @Test("must be unchanged")
  func signals() throws {
    let role = try role()
    role.startsWith(try holdings())
    #expect(problem(of: role, try holdings()) == nil)
    #expect(problem(of: role, try holdings(blocked: "1000")) == "a (c) blocks signal 13, which no operation requested")
    #expect(problem(of: role, try holdings(caught: "2000")) == "a (c) catches signal 14, which no operation requested")
    #expect(
      problem(of: role, try holdings(ignored: "2000"))
        == "a (c) ignores signal 14 and no longer ignores signal 13, which no operation requested")
    #expect(
      problem(of: role, try holdings(caught: "180000000")) == nil,
      "the C library catches 32 and 33 when a thread starts")
  }

  @Test("has no new blocked signal pending")
  func pending() throws {
    let role = try role()
    role.startsWith(try holdings(blocked: "1000"))
    #expect(
      problem(of: role, try holdings(blocked: "1000", pending: "1000"))
        == "a (c) has pending signal 13, which no operation requested")
    #expect(problem(of: role, try holdings(blocked: "1000", pending: "2000")) == nil, "it is about to be delivered")
  }

  @Test("may change as its operations specify")
  func declared() throws {
    let role = try role()
    role.startsWith(try holdings())
    try follow("sigaction signum=SIGALRM", role)
    #expect(problem(of: role, try holdings(caught: "2000")) == nil)
    #expect(problem(of: role, try holdings(blocked: "1")) != nil)
    try follow("sigprocmask how=SIG_BLOCK signum=SIGHUP", role)
    #expect(problem(of: role, try holdings(blocked: "1", caught: "2000", pending: "1")) == nil)
  }

  @Test("includes the status flags of descriptors that others share")
  func flags() throws {
    let role = try role()
    role.startsWith(try holdings())
    #expect(problem(of: role, try holdings(flags: 0o4000)) == nil, "no other role shares the description")
    role.shares(descriptor: 5, StatusFlags(0o2))
    #expect(problem(of: role, try holdings(flags: 0o2000002)) == nil, "neither an access mode nor close-on-exec")
    #expect(
      problem(of: role, try holdings(flags: 0o4002))
        == "the status flags of descriptor 5 of a (c), which other roles share, have changed")
    try follow("fcntl cmd=F_GETFL", role)
    #expect(problem(of: role, try holdings(flags: 0o4002)) != nil)
    try follow("fcntl cmd=F_SETFL arg=O_NONBLOCK", role)
    #expect(problem(of: role, try holdings(flags: 0o4002)) == nil)
  }
}
