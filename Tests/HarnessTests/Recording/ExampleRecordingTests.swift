import Synchronization
import SystemPackage
import Testing

@testable import Harness

/// The example programs, recorded in C and compared with those in Swift.
@Suite("The recording of the example programs", .serialized)
struct ExampleRecordingTests {
  /// Some scenarios for each program, with no roles other than programs.
  private static let selected = [
    "anon-pipe", "anon-pipe-message-bytes", "fifo-reader-first", "fifo-writer-first", "fifo-options", "mq-sender-first",
    "mq-receiver-first", "mq-options", "shm", "shm-options", "msg-sender-first", "msg-options", "posix-shm",
    "posix-shm-options", "mapped-file", "signal-receiver-first", "signal-options", "unix-echo", "fd", "fd-options",
    "tcp-echo", "tcp-echo-ipv6", "udp-echo",
  ]

  @Test("matches every mixture with Swift")
  func everyMixture() async throws {
    let (all, registry) = try Checkout.fixtures.get()
    let scenarios = all.filter { scenario in
      Self.selected.contains { scenario.id == "examples/\($0)" } && scenario.roles.allSatisfy { $0.part != .peer }
    }
    #expect(scenarios.count >= 10)
    let peers = PeerList([
      PeerDescription(
        language: "c", peer: nil, programs: [Checkout.root.appending("build/bin/c-examples/{program}").string]),
      PeerDescription(language: "swift", peer: nil, programs: [try CommandRun.program("swift-examples"), "{program}"]),
    ])
    let results = try await onThread {
      var configuration = RunConfiguration(Installation(root: Checkout.root.string), peers: peers, registry: registry)
      configuration.isolation = .required
      let recorded = try RecordingRunner(configuration, scenarios: scenarios, runs: 2).record()
      #expect(recorded.failures == [])
      #expect(recorded.notes == [])
      configuration.recordings = recorded.recordings
      let results = Mutex<[CellResult]>([])
      _ = try Runner(configuration, scenarios: scenarios, expectations: .none).run { event in
        if case .cellEnded(let result) = event { results.withLock { $0.append(result) } }
      }
      return results.withLock { $0 }
    }
    #expect(results.count > scenarios.count)
    for result in results { #expect(result.verdict == .passed, "\(result.cell.id): \(result.outcome.reason ?? "")") }
  }
}
