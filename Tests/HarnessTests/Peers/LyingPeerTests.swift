import Foundation
import Testing

@testable import Harness

/// Tests with peers that report false descriptors and process IDs.
///
/// The runner depends on these numbers.
@Suite("A peer that", .serialized)
struct LyingPeerTests {
  private let peer = DishonestPeerTests()

  /// Returns a peer that opens descriptor 9, reports its number as `said`, and adopts inherited descriptors.
  private func opening(_ said: String) -> String {
    """
    while read -r line; do
      case $line in
        open*) exec 9</dev/null; echo 'ok fd=\(said)' ;;
        adopt*) echo ok ;; pid*) echo ok pid=$$ ;; limits*) echo ok PIPE_BUF=4096 ;; *) echo unsupported ;;
      esac
    done
    """
  }

  private func handing(_ said: String) async throws -> CellResult {
    let (_, results, _) = try await peer.run(
      opening(said), beside: opening("9"), operations: "open,adopt,pid,limits", roles: "[a, b]",
      steps: "    - a: open handle=f path=/dev/null oflag=O_RDONLY\n    - hand: {a.f: b.f}\n    - b: pid",
      isolation: .required)
    return try #require(results.first { $0.cell.id == "test/test[odd>reference]" })
  }

  @Test("passes on the descriptor that it reports passes") func handsOn() async throws {
    #expect(try await handing("9").verdict == .passed)
  }

  @Test(
    "reports a descriptor that is not open fails when it is passed on",
    // Of the last three numbers, the first is 9 if it is truncated to 32 bits. The others are above and below the
    // 64-bit range.
    arguments: ["-1", "-100", "1000", "2147483647", "4294967305", "99999999999999999999", "-9223372036854775809"])
  func handsOnNothing(said: String) async throws {
    let result = try await handing(said)
    #expect(result.verdict == .failed)
    #expect(
      result.outcome.reason?.contains("which is not open") == true
        || result.outcome.reason?.contains("reported no descriptor") == true)
  }

  @Test("reports a word instead of the descriptor to pass on fails", arguments: ["", "nine", "9x", ",9", "0x9"])
  func handsOnNoNumber(said: String) async throws {
    let result = try await handing(said)
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("reported no descriptor") == true)
  }

  @Test("passes on a descriptor other than the one it opened is detected", arguments: ["0", "1", "2"])
  func handsOnAnother(said: String) async throws {
    let result = try await handing(said)
    #expect(result.verdict == .leaked)
    #expect(result.outcome.reason?.contains("9 (/dev/null)") == true)
  }

  @Test("reports a descriptor that is not open fails, and leaks nothing") func holdsNothing()
    async throws
  {
    let liar = opening("9").replacing("exec 9</dev/null; ", with: "")
    let (_, results, _) = try await peer.run(
      liar, beside: opening("9"), operations: "open,pid,limits",
      steps: "    - a: open handle=f path=/dev/null oflag=O_RDONLY",
      isolation: .auto)
    let result = try #require(results.first { $0.cell.id == "test/test[odd]" })
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason == "a (odd) reports descriptor 9 for its handle 'f', which is not open")
    #expect(result.outcome.evidence?.leftBehind.isEmpty == true)
  }

  @Test(
    "reports the process ID of another process does not affect that process",
    arguments: ["0", "-1", "1", "2147483648", "4294967297", "99999999999999999999", "self"],
    [IsolationRule.auto, .none])
  func pretendsToBeAnother(said: String, isolation: IsolationRule) async throws {
    let liar = "while read -r line; do case $line in pid*) echo ok pid=\(said);; *) echo unsupported;; esac; done"
    let believed = try await peer.verdict(liar, steps: "    - a: pid -> pid={a.pid}", isolation: isolation)
    #expect(believed.verdict == .failed)
    let killed = try await peer.verdict(liar, steps: "    - a: pid\n    - kill: a", isolation: isolation)
    #expect(killed.verdict == .passed)
  }
}
