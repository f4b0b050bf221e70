import Foundation
import PeerProtocol
import SystemPackage
import Testing

@testable import Harness

/// Tests for golden transcripts, each of which is compared as far as the peer supports it.
@Suite("A golden transcript") struct TranscriptTests {
  private func transcript(_ text: String) throws -> GoldenTranscript {
    let scenario = try DiagnosticLog.collect {
      TranscriptLoader.scenario(file: "x.txt", text: "# A title.\n\(text)", log: $0)
    }
    let loaded = try #require(scenario)
    return try #require(GoldenTranscript(loaded))
  }

  private func compared(_ text: String, by operations: String, without: String? = nil) throws -> [String] {
    let transcript = try transcript(text)
    let greeting = try Greeting(
      parsing: "hello contract=1 language=m operations=\(operations)" + (without.map { " without=\($0)" } ?? ""))
    var state = TranscriptState(
      transcript.exchanges, peer: PeerCapabilities(greeting, language: "m"),
      registry: try Checkout.operations.get())
    return transcript.exchanges.compactMap { exchange in
      switch state.next(exchange) {
      case .compare:
        state.matched(exchange)
        return exchange.line
      case .perform:
        state.performed(exchange)
        return "(\(exchange.line))"
      case .omit: return nil
      }
    }
  }

  @Test("omits unsupported requests, and requests that depend on them") func dependencies() throws {
    let text = """
      > pipe2 reader=r writer=w
      < ok fd=*
      > pipe2 reader=r2 writer=w2
      < ok fd=*
      > write handle=w2 buf=x
      < ok return=1
      > source handle=w pattern=1 count=1
      < ok return=1
      > read handle=r count=1
      < ok return=1 buf=x
      > read handle=r2 count=1
      < ok return=1 buf=x
      > close handle=r
      < ok
      > pipe2 reader=r writer=w3
      < ok fd=*
      > write handle=w3 buf=x
      < ok return=1
      """
    #expect(
      try compared(text, by: "pipe2,read,write,close") == [
        "pipe2 reader=r writer=w", "pipe2 reader=r2 writer=w2", "write handle=w2 buf=x", "read handle=r2 count=1",
        "(close handle=r)", "pipe2 reader=r writer=w3", "write handle=w3 buf=x",
      ])
  }

  @Test("compares the exchanges after a request that only inspects, or fails") func inspections() throws {
    let text = """
      > pipe2 reader=r writer=w
      < ok fd=*
      > fcntl handle=r cmd=F_GETFD
      < ok return=FD_CLOEXEC
      > write_all handle=w count=-1 pattern=1
      < invalid reason=*
      > write handle=w buf=x
      < ok return=1
      """
    #expect(try compared(text, by: "pipe2,write") == ["pipe2 reader=r writer=w", "write handle=w buf=x"])
  }

  @Test("creates nothing that a peer cannot remove") func removals() throws {
    let text = """
      > mkfifo path=/tmp/{fresh} mode=600
      < ok
      > unlink path=/tmp/{fresh}
      < ok
      """
    #expect(try compared(text, by: "mkfifo") == [])
    #expect(try compared(text, by: "mkfifo,unlink").count == 2)
  }

  @Test("compares a new System V object, whatever was omitted before") func identifiers() throws {
    let text = """
      > semget_init key=IPC_PRIVATE nsems=1 value=1
      < ok semid=* created=yes
      > semop sops=0:1
      < ok
      > semctl cmd=IPC_RMID
      < ok
      > semget key=IPC_PRIVATE nsems=1
      < ok semid=*
      > semctl cmd=SETALL array=7
      < ok
      > semctl cmd=GETVAL
      < ok return=7
      > semctl cmd=IPC_RMID
      < ok
      """
    #expect(
      try compared(text, by: "semget,semop,semctl") == [
        "(semctl cmd=IPC_RMID)", "semget key=IPC_PRIVATE nsems=1", "semctl cmd=SETALL array=7", "semctl cmd=GETVAL",
        "semctl cmd=IPC_RMID",
      ])
    #expect(
      try compared(text, by: "semget,semctl", without: "semctl:cmd:SETALL") == [
        "(semctl cmd=IPC_RMID)", "semget key=IPC_PRIVATE nsems=1", "(semctl cmd=IPC_RMID)",
      ])
    #expect(try compared(text, by: "semget,semget_init,semop") == [])
    #expect(try compared(text, by: "semget,semget_init,semctl", without: "semctl:cmd:IPC_RMID") == [])
  }

  @Test("is compared without an option that a peer omits") func options() throws {
    let text = """
      > pipe2 reader=r writer=w flags=O_DIRECT
      < ok fd=*
      > write handle=w buf=x
      < ok return=1
      > pipe2 reader=a writer=b
      < ok fd=*
      """
    #expect(try compared(text, by: "pipe2,write", without: "pipe2:flags:O_DIRECT") == ["pipe2 reader=a writer=b"])
  }

  /// Every transcript must pass if a peer lacks any single operation.
  @Test("passes for a correct peer without any one of its operations", arguments: try transcripts())
  func anyOperationMissing(name: String) async throws {
    let (scenarios, registry) = try Checkout.fixtures.get()
    let scenario = try #require(scenarios.first { $0.id == name })
    let used = Set(try #require(GoldenTranscript(scenario)).exchanges.map(\.operation)).intersection(registry.names)
    try await onThread {
      let peer = PeerDescription(
        language: "c", peer: [Checkout.root.appending("build/bin/c-peer").string], programs: nil)
      let configuration = RunConfiguration(
        root: Checkout.root.string, sandboxInit: Checkout.sandboxInit, peers: PeerList([peer]), registry: registry)
      let start = configuration.context(SandboxCapabilities(isolation: .private))
      for operation in used.sorted() {
        let greeting = Greeting(
          language: "c", implementation: "x", operations: registry.names.filter { $0 != operation })
        let context = start.knowing(["c": ProbedPeer(greeting: greeting, slowness: 1)], registry)
        let outcome = CellRun.run(scenario, languages: ["peer": peer], names: CellNames(), context: context)
        #expect(outcome.verdict == .passed, "without \(operation): \(outcome.reason ?? "")")
      }
    }
  }

  static func transcripts() throws -> [String] {
    try Checkout.fixtures.get().scenarios.map(\.id).filter { $0.hasPrefix("contract/") }
  }

  @Test("reports all of a peer's differences, each with its mechanism, but none of their consequences")
  func differences() async throws {
    let text = """
      # A title.
      > pid
      < ok pid=0
      > limits
      < ok PIPE_BUF=4097
      > limits
      < ok PIPE_BUF=4096
      """
    let scenario = try DiagnosticLog.collect { TranscriptLoader.scenario(file: "x.txt", text: text, log: $0) }
    let registry = try Checkout.operations.get()
    let transcript = try #require(scenario)
    let outcome = try await onThread {
      try ShellPeers.withScripts([ShellPeers.script("odd")]) { folder, commands in
        let odd = PeerDescription(language: "odd", peer: commands[0], programs: nil)
        let configuration = RunConfiguration(
          root: folder, sandboxInit: Checkout.sandboxInit, peers: PeerList([odd]), registry: registry)
        return CellRun.run(
          transcript, languages: ["peer": odd], names: CellNames(),
          context: configuration.context(SandboxCapabilities(isolation: .private)))
      }
    }
    #expect(outcome.verdict == .failed)
    #expect(
      outcome.reason?.contains("'pid' differs from the golden transcript; pid=") == true
        && outcome.reason?.hasSuffix(", expected pid=0; and 1 more difference (general)") == true)
    #expect(outcome.evidence?.differences.compactMap(\.transcript?.location.line) == [2, 4])
  }
}
