import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite(
  "A run of fault injection", .serialized,
  .enabled(if: (try? InjectionTracer(shortener: "")) != nil, "requires strace"))
struct InjectionRunnerTests {
  private static let unlink = "unlink path={fifo} -> error ENOENT"

  /// Runs a script with the C peer and, if `shell` is not nil, with a peer that is a shell script.
  private func run(_ steps: String..., shell: String? = nil) async throws -> RunSummary {
    try await onThread {
      let root = try CommandRun.checkout(cells: 1)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      let list = steps.map { "{a: '\($0)'}" }.joined(separator: ", ")
      try CommandRun.addInjectionScript(
        to: root, "- {id: fifo/test, title: T., spec: s, level: must, roles: [a], steps: [\(list)]}")
      var peers = [PeerDescription(language: "c", peer: [root.appending("build/bin/c-peer").string], programs: nil)]
      if let shell {
        let file = root.appending("peer").string
        try Data(shell.utf8).write(to: URL(fileURLWithPath: file))
        peers.append(PeerDescription(language: "odd", peer: ["/bin/sh", file], programs: nil))
      }
      let registry = try Checkout.operations.get()
      let configuration = RunConfiguration(
        root: root.string, sandboxInit: Checkout.sandboxInit, peers: PeerList(peers), registry: registry)
      return try InjectionRunner(configuration, selection: InjectionSelection()).run { _ in }
    }
  }

  @Test("fails for a peer that the probe rejects") func dishonest() async throws {
    await #expect { try await run(Self.unlink, shell: "exit 3") } throws: {
      ($0 as? RunError)?.status == .failures && "\($0)".contains("exit 3")
    }
  }

  @Test("fails for a language whose calls strace does not show") func unobservable() async throws {
    let odd = ShellPeers.script("odd", "*:unlink*) echo error errno=ENOENT call=unlink ;;")
    let summary = try await run(Self.unlink, shell: odd.replacing("operations=", with: "operations=unlink,"))
    #expect(summary.exitStatus == .failures)
    #expect(summary.unexpected == 0)
    let problem = "odd made no IPC call in 1 script, such as fifo/test"
    #expect(summary.problems.contains { $0.hasPrefix(problem) }, "\(summary.problems)")
    #expect(!summary.problems.contains { $0.hasPrefix("c ") })
  }

  @Test("fails for an operation that makes no call, and therefore gets no fault") func withoutCall() async throws {
    let summary = try await run(
      "memfd_create handle=m name=m", "ftruncate handle=m length=4096",
      "mmap handle=m mapping=p length=4096 prot=PROT_READ|PROT_WRITE",
      "store handle=p buf=word", "limits")
    #expect(summary.exitStatus == .failures)
    #expect(summary.unexpected == 0)
    let named = summary.problems.compactMap { $0.firstMatch(of: #/no script .* performs (\w+) with an IPC call/#)?.1 }
    #expect(named.contains("store") && named.contains("mq_open"))
    #expect(!named.contains("mmap") && !named.contains("limits"))
  }
}
