import Foundation
import SystemPackage
import Testing

@testable import Harness

/// Tests for `interrupt:`, with waits that count each signal and then continue.
@Suite("An interrupted role that continues to sleep")
struct InterruptionStepTests {
  private func verdict(_ steps: String) async throws -> CellResult {
    try await onThread {
      let (scenarios, registry) = try Checkout.scenarios(
        """
        - id: test/test
          title: A title.
          spec: signal(7)
          level: must
          roles: [a]
          steps:
            - a: sigaction signum=SIGUSR1 sa_flags=0
        \(steps)
        """)
      let peer = PeerDescription(
        language: "c", peer: [Checkout.root.appending("build/bin/c-peer").string], programs: nil)
      let configuration = RunConfiguration(
        root: Checkout.root.string, sandboxInit: Checkout.sandboxInit, peers: PeerList([peer]), registry: registry)
      let results = GatheredResults()
      _ = try Runner(configuration, scenarios: scenarios, expectations: .none).run { results.take($0) }
      return try #require(results.all.first)
    }
  }

  @Test("in slices gets the signal again, in case it arrived between two slices") func slices() async throws {
    let result = try await verdict(
      """
          - a: shm_open handle=s name={shm} oflag=O_CREAT|O_EXCL|O_RDWR mode=600
          - a: ftruncate handle=s length=4160
          - a: mmap handle=s mapping=m length=4160 prot=PROT_READ|PROT_WRITE
          - a: ring_make memory=m content=records capacity=64
          - a: ring_open handle=r memory=m content=records end=consumer
          - a: ring_receive handle=r timeout=4 eintr=retry -> blocks
          - interrupt: a
          - a: -> error EINTR|ETIMEDOUT
          - a: sigcount signum=SIGUSR1 -> count>1
          - a: shm_unlink name={shm}
      """)
    #expect(result.verdict == .passed, "\(result.outcome.reason ?? "")")
  }

  @Test("in one sleep does not get the signal again") func once() async throws {
    let result = try await verdict(
      """
          - a: sem_open handle=s name={shm} oflag=O_CREAT|O_EXCL mode=600 value=0
          - a: sem_timedwait handle=s abs_timeout=1 eintr=retry -> blocks
          - interrupt: a
          - a: -> error EINTR|ETIMEDOUT
          - a: sigcount signum=SIGUSR1 -> count=1
          - a: sem_unlink name={shm}
      """)
    #expect(result.verdict == .passed, "\(result.outcome.reason ?? "")")
  }
}
