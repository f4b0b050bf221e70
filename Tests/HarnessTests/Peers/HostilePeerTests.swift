import Foundation
import Testing

@testable import Harness

/// Tests with peers whose output attacks the runner or the terminal.
///
/// The runner must reject each output quickly and report evidence. The output must not affect the terminal.
@Suite("A peer that", .serialized)
struct HostilePeerTests {
  private let peer = DishonestPeerTests()

  private func answering(_ command: String) -> String {
    "while read -r line; do case $line in pid*) \(command);; *) echo unsupported;; esac; done"
  }

  @Test("floods its standard error is cut off, with its last lines", .timeLimit(.minutes(5)))
  func floodsStandardError() async throws {
    let result = try await peer.verdict(answering("echo begin >&2; yes problem >&2"), timeoutMultiplier: 60)
    #expect(result.verdict == .crashed)
    #expect(result.outcome.reason?.contains("floods its standard error") == true)
    #expect(result.outcome.evidence?.transcripts.first?.standardError.starts(with: ["begin", "problem"]) == true)
    #expect(FailureDescription(result: result).lines.count < 100)
  }

  @Test("writes 2 MB to standard error passes") func chattersOnStandardError() async throws {
    #expect(try await peer.verdict(answering("yes problem | head -c 2000000 >&2; echo ok pid=7")).verdict == .passed)
  }

  @Test("never terminates its line is cut off, with the beginning of the line", .timeLimit(.minutes(1)))
  func neverEndsItsLine() async throws {
    let result = try await peer.verdict(answering("printf 'ok pid=7'; tr '\\0' x </dev/zero"))
    #expect(result.verdict == .crashed)
    #expect(result.outcome.evidence?.response?.text.hasPrefix("ok pid=7xxxx") == true)
  }

  @Test("writes a line that is too long fails, however many fields it has", .timeLimit(.minutes(1)))
  func longLine() async throws {
    let result = try await peer.verdict(answering("printf ok; seq -f ' a%.0f=1' 300000 | tr -d '\\n'; echo"))
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("at most 65536 are allowed") == true)
  }

  @Test("writes lines endlessly is cut off, with the first lines", .timeLimit(.minutes(1)))
  func saysLinesWithoutEnd() async throws {
    let result = try await peer.verdict(answering("while :; do echo 'ok pid=7'; done"))
    #expect(result.verdict == .crashed)
    #expect(result.outcome.reason?.contains("floods its output") == true)
    #expect(result.outcome.evidence?.response?.text == "ok pid=7")
    #expect(FailureDescription(result: result).lines.count < 100)
  }

  @Test("writes empty lines endlessly fails because of the first one", .timeLimit(.minutes(1)))
  func saysEmptyLinesWithoutEnd() async throws {
    let result = try await peer.verdict(answering("exec yes ''"))
    #expect(result.verdict == .failed)
    #expect(result.outcome.reason?.contains("breaks the protocol") == true)
  }

  @Test("sends an endless greeting is soon rejected", .timeLimit(.minutes(1))) func endlessGreeting() async throws {
    await #expect(throws: RunError.self) { try await peer.verdict("exec tr '\\0' x </dev/zero") }
  }

  @Test(
    "writes invisible characters fails, and they are shown as escapes",
    arguments: [
      #"ok pid=\000\000"#, #"ok pid=\377\376"#, #"ok \033[2J\033]0;title\007"#, #"ok pid=\033[31m7"#,
      #"ok pid=\342\200\256"#, #"ok\tpid=7"#, #"\r\r\r"#,
    ])
  func saysNoText(answer: String) async throws {
    let result = try await peer.verdict(answering("printf '\(answer)\\n'"))
    #expect(result.verdict == .failed)
    #expect(result.outcome.evidence?.response?.text.isEmpty == false)
    let lines = FailureDescription(result: result).lines
    #expect(!lines.contains { $0.unicodeScalars.contains(where: \.isUnsafeToDisplay) })
  }

  @Test("writes shell commands does not make the runner execute them")
  func saysCommands() async throws {
    let result = try await peer.verdict(
      answering("echo 'ok pid=7;touch%20/tmp/said $(touch /tmp/said) `touch /tmp/said`'"), isolation: .none)
    #expect(result.verdict == .failed)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/said"))
  }
}
