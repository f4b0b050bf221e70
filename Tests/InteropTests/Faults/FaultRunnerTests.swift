import Foundation
import SystemPackage
import Testing

@testable import Interop

@Suite(
  "A run of faults", .serialized,
  .enabled(if: (try? FaultTracer(root: Checkout.root.string)) != nil, "it needs strace"))
struct FaultRunnerTests {
  /// Runs one script with C, and with what `language` is in a shell.
  private func run(_ language: String, _ shell: String) async throws -> RunSummary {
    try await onThread {
      let root = try CommandRun.checkout(cells: 1)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      try CommandRun.addFaults(
        to: root,
        "- {id: fifo/gone, title: T., spec: unlink(2), level: must, roles: [a], steps: [{a: 'unlink path={fifo} -> error ENOENT'}]}"
      )
      let file = root.appending("peer").string
      try Data(shell.utf8).write(to: URL(fileURLWithPath: file))
      let peers = [
        PeerDescription(language: "c", peer: [root.appending("build/bin/c-peer").string], examples: nil),
        PeerDescription(language: language, peer: ["/bin/sh", file], examples: nil),
      ]
      let (_, vocabulary) = try Checkout.fixtures.get()
      let configuration = RunConfiguration(
        root: root.string, warden: Checkout.warden, peers: PeerList(peers), vocabulary: vocabulary)
      return try FaultRunner(configuration, selection: FaultSelection()).run { _ in }
    }
  }

  @Test("fails for a peer that is not to be believed, as every run does") func dishonest() async throws {
    await #expect { try await run("odd", "exit 3") } throws: {
      ($0 as? RunError)?.status == .failures && "\($0)".contains("exit 3")
    }
  }
}
