import Foundation
import Testing

@testable import Harness

/// Requirements for the sandbox that follow from the steps of a scenario, even without `needs:`.
@Suite("A scenario that the sandboxes cannot run")
struct MachineProbeTests {
  private func need(of scenario: Scenario, _ capabilities: SandboxCapabilities) throws -> String? {
    let registry = try Checkout.operations.get()
    let configuration = RunConfiguration(root: "", peers: PeerList([]), registry: registry)
    return MachineProbe.unmetNeed(of: scenario, configuration.context(capabilities))
  }

  private func scenario(_ step: String) throws -> Scenario {
    try #require(try Checkout.scenarios(ShellPeers.scenario(steps: "    - a: pid\n    - \(step)")).scenarios.first)
  }

  @Test(
    "is not run without a private sandbox if it creates anonymous objects",
    arguments: [
      ("a: semget key=IPC_PRIVATE nsems=1", true), ("a: semget_init key=0 nsems=1 value=1", true),
      ("a: msgget key=0x0 mode=600", true), ("a: msgget key={key} mode=600", false),
      ("a: shmget key=IPC_PRIVATE size=1", false), ("a: ftok path=/ proj_id=0", false),
    ])
  func nobodysName(step: String, needsSandbox: Bool) throws {
    let scenario = try scenario(step)
    #expect(try need(of: scenario, SandboxCapabilities(isolation: .private)) == nil)
    #expect((try need(of: scenario, SandboxCapabilities(isolation: .shared)) != nil) == needsSandbox)
  }

  @Test(
    "is not run if it uses message queues and snapshots cannot list them",
    arguments: [
      ("a: mq_open name={mq} oflag=O_RDONLY", true), ("objects: mq=0", true), ("objects: sem=0", false),
      ("a: shm_open name={shm} oflag=O_RDONLY", false),
    ])
  func unseenQueues(step: String, needsSight: Bool) throws {
    let scenario = try scenario(step)
    let blind = SandboxCapabilities(isolation: .private, unobservableKinds: [.messageQueue])
    #expect((try need(of: scenario, blind) != nil) == needsSight)
    #expect(try need(of: scenario, SandboxCapabilities(isolation: .private)) == nil)
  }

  @Test("is not run even if it is a golden transcript or consists of programs") func otherForms() throws {
    let log = DiagnosticLog()
    let registry = try Checkout.operations.get()
    let text =
      "# A title.\n> semget key=IPC_PRIVATE nsems=1\n< ok semid=*\n> mq_open name=/{fresh} oflag=O_RDONLY\n< ok\n"
    let transcript = try #require(TranscriptLoader.scenario(file: "x.txt", text: text, log: log))
    #expect(transcript.createsAnonymousObjects(registry) && transcript.concerns(.messageQueue, registry))
    let programs = """
      - id: test/programs
        title: A title.
        spec: mq_overview(7)
        level: must
        programs:
          a: posix_mq_sender --name {mq-2}
        steps:
          - start: a
          - wait: a -> exit 0
      """
    #expect(try #require(try Checkout.scenarios(programs).scenarios.first).concerns(.messageQueue, registry))
  }

  @Test("is explained in a report's heading") func heading() {
    #expect("\(SandboxCapabilities(isolation: .private))" == "private")
    #expect(
      "\(SandboxCapabilities(isolation: .shared, fallbackReason: "as requested", unobservableKinds: [.messageQueue]))"
        == "shared (as requested; snapshots do not list mq)")
  }
}
