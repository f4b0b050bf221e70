import Foundation
import PeerProtocol
import SystemPackage
import Testing

@testable import Harness

@Suite("A peer's capabilities") struct PeerCapabilitiesTests {
  private func peer(_ operations: String, without: String = "") throws -> PeerCapabilities {
    let greeting = try Greeting(
      parsing: "hello contract=1 language=mine operations=\(operations)\(without.isEmpty ? "" : " without=\(without)")")
    return PeerCapabilities(greeting, language: "mine")
  }

  @Test(
    "lack an operation that is not listed, and an option that is omitted",
    arguments: [
      ("write handle=w buf=x", nil), ("read handle=r count=1", "read"), ("write buf=x timeout=1", "write timeout"),
      ("socket handle=s domain=AF_INET6 type=SOCK_STREAM", "socket domain=AF_INET6"),
      ("socket handle=s domain=AF_INET type=SOCK_STREAM", nil),
      ("socket handle=s domain=AF_INET type=SOCK_STREAM|SOCK_NONBLOCK", "socket type=SOCK_NONBLOCK"),
    ] as [(String, String?)])
  func missing(request: String, missing: String?) throws {
    let peer = try peer("write,socket", without: "write:timeout,socket:domain:AF_INET6,socket:type:SOCK_NONBLOCK")
    #expect(peer.missing(for: try Request(parsing: request)) == missing)
  }

  @Test("exclude a cell whose role needs more, even if only to inherit a descriptor") func scenario() throws {
    let registry = try Checkout.operations.get()
    let steps = """
          - a: pipe2 reader=r writer=w
          - hand: {a.r: b.r}
          - b: read handle=r count=1 -> later
          - kill: b
      """
    let (scenarios, _) = try Checkout.scenarios(ShellPeers.scenario(steps: steps).replacing("[a]", with: "[a, b]"))
    let scenario = try #require(scenarios.first)
    #expect(try peer("pipe2").missing(for: "a", in: scenario, registry) == nil)
    #expect(try peer("pipe2,read").missing(for: "b", in: scenario, registry)?.description == "mine does not have adopt")
    #expect(try peer("adopt").missing(for: "b", in: scenario, registry)?.name == "read")
    #expect(try peer("adopt,read").missing(for: "b", in: scenario, registry) == nil)
  }

  @Test("can be required, by operation and by mechanism") func required() throws {
    let registry = try Checkout.operations.get()
    let greeting = Greeting(language: "mine", implementation: "x", operations: ["ftok", "shmget", "shmat", "shmdt"])
    let table = CapabilityTable(["mine": greeting], registry)
    #expect(try table.problems(required: [RequiredOperations("shmget", in: registry)]).isEmpty)
    #expect(
      try table.problems(required: [RequiredOperations("sysv-shm", in: registry)]) == [
        "the mine peer does not have shmctl; --require-operations sysv-shm requires it"
      ])
    #expect(throws: RunError.self) { try RequiredOperations("mq_opem", in: registry) }
  }

  @Test("get a note about omitted options that do not exist") func oddOmissions() throws {
    let greeting = try Greeting(
      parsing: "hello contract=1 language=mine operations=socket,pid "
        + "without=socket:domain:AF_INET6,socket:domain:AF_INET9,socket:size,read:timeout")
    #expect(
      PeerProbe.notes(on: ["mine": ProbedPeer(greeting: greeting, slowness: 1)], try Checkout.operations.get()) == [
        "the mine peer omits options that its operations do not have: "
          + "socket:domain:AF_INET9, socket:size, read:timeout"
      ])
  }

  @Test("are listed by mechanism, each operation once") func summary() throws {
    let registry = try Checkout.operations.get()
    let greeting = Greeting(language: "mine", implementation: "x", operations: ["ftok", "socket", "unknown"])
    let summary = try #require(CapabilityTable(["mine": greeting], registry).summary(of: "mine"))
    let all = summary.mechanisms.flatMap { $0.present + $0.missing }
    #expect(all.count == Set(all).count && Set(all) == Set(registry.names))
    #expect(summary.mechanisms.flatMap(\.present).sorted() == ["ftok", "socket"])
    let selected = CapabilityTable(["mine": greeting], registry).summary(of: "mine", mechanisms: ["sysv-shm", "udp"])
    #expect(selected?.mechanisms.map(\.mechanism) == ["sysv-shm", "udp"])
  }
}

@Suite("The mechanisms of fixtures/operations.yaml") struct OperationMechanismTests {
  @Test("include those of all scenarios") func scenarios() throws {
    let (scenarios, registry) = try Checkout.fixtures.get()
    let mechanisms = Set(scenarios.map(\.mechanism)).subtracting(["contract", "examples"])
      .filter { !$0.hasPrefix("services") }
    #expect(mechanisms.subtracting(registry.mechanisms) == [])
  }

  @Test("match the table in docs/peer-protocol.md") func documented() throws {
    let registry = try Checkout.operations.get()
    let page = try String(contentsOfFile: Checkout.root.appending("docs/peer-protocol.md").string, encoding: .utf8)
    let section = page.split(separator: "## Operations by mechanism")[1].split(separator: "## Every mechanism")[0]
    var seen: Set<String> = []
    for mechanism in registry.mechanisms {
      let operations = (registry.operations(of: mechanism) ?? []).filter { seen.insert($0).inserted }
      guard !operations.isEmpty else { continue }
      let cells = operations.map { "`\($0)`" }.joined(separator: " ")
      #expect(section.contains("| [\(mechanism)]("))
      #expect(section.contains("| \(cells) |"), "the row of \(mechanism)")
    }
  }

  @Test(
    "must contain each operation once",
    arguments: [
      ("mechanisms: {pipe: [read]}", "'write' is in no mechanism"),
      ("mechanisms: {pipe: [read, write], fifo: [read]}", "'read' belongs to 'pipe' already"),
      ("mechanisms: {pipe: [read, write, raed]}", "there is no operation 'raed'; did you mean 'read'?"),
      ("mechanisms: {pipe: [read, write], udp: pip}", "there is no mechanism 'pip' above; did you mean 'pipe'?"),
    ])
  func malformed(mechanisms: String, message: String) {
    let file = FixtureFile(file: "operations.yaml", bytes: .init("\(mechanisms)\nread: {}\nwrite: {}\n".utf8))
    #expect { try Checkout.load([], operations: file) } throws: { "\($0)".contains(message) }
  }
}
