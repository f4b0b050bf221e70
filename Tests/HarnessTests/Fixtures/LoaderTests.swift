import Foundation
import Testing

@testable import Harness

@Suite("The scenario loader")
struct LoaderTests {
  static let sound = """
    - id: test/sound
      title: A byte goes through a pipe.
      spec: pipe(7)
      level: must
      roles: [reader, writer]
      with: {bytes: [1, 2]}
      steps:
        - reader: pipe2 reader=r writer=w
        - hand: {reader.w: writer.w}
        - writer: write handle=w pattern=1 count={bytes} -> return={=sent}
        - reader: read handle=r count={bytes*100} pattern=1 -> return={sent} differs=none
        - reader: read handle=r count=100 -> blocks
        - kill: writer
        - reader: -> error EAGAIN|EINTR
        - objects: shm=0 sem=0
    """

  static let registry = FixtureFile(
    file: "operations.yaml",
    bytes: Data(
      """
      parameters: {payload: [buf], symbols: [O_NONBLOCK, O_DIRECT]}
      pid: {}
      pipe2: {takes: [reader, writer, flags], opens: [reader, writer]}
      read: {takes: [handle, count, pattern], sleeps: [read], responds: [return, buf, digest, differs]}
      write: {takes: [handle, buf, count, pattern], sleeps: [write]}
      close: {takes: [handle], closes: handle}
      """.utf8))

  static func load(_ texts: String...) throws(FixtureErrors) -> [Scenario] {
    try Checkout.load(
      texts.map { FixtureFile(file: "test.yaml", bytes: Data($0.utf8)) }, operations: registry
    ).scenarios
  }

  static func diagnostics(_ text: String) -> [String] {
    do {
      _ = try load(text)
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  @Test("A valid scenario becomes one value for each row of its parameters")
  func soundScenario() throws {
    let scenarios = try Self.load(Self.sound)
    #expect(scenarios.map { $0.parameters.map(\.value) } == [["1"], ["2"]])
    let scenario = try #require(scenarios.first)
    #expect(scenario.mechanism == "test")
    #expect(scenario.steps.count == 8)
    #expect(scenario.steps[2].text == "writer: write handle=w pattern=1 count=1 -> return={=sent}")
    #expect(scenario.steps[2].location.description == "test.yaml:10:7")
  }

  @Test(
    "An error is reported with its location and a suggestion",
    arguments: Typo.keys + Typo.requests + Typo.parameters + Typo.expectations)
  func slip(_ slip: Typo) {
    #expect(Self.sound.contains(slip.right))
    #expect(Self.diagnostics(Self.sound.replacingOccurrences(of: slip.right, with: slip.wrong)) == slip.diagnostics)
  }

  @Test("All errors in a file are reported at once, in line order")
  func severalSlips() {
    let text = Self.sound
      .replacingOccurrences(of: "level: must", with: "level: most")
      .replacingOccurrences(of: "writer: write", with: "writer: wirte")
      .replacingOccurrences(of: "sem=0", with: "sme=0")
    #expect(
      Self.diagnostics(text) == [
        "test.yaml:4:10: 'most' is not a level; did you mean 'must'?",
        "test.yaml:10:15: unknown operation 'wirte'; did you mean 'write'?",
        "test.yaml:15:22: unknown kind 'sme'; did you mean 'sem'?",
      ])
  }

  @Test("A repeated id is reported with the location of its first occurrence")
  func doubleID() {
    #expect(
      Self.diagnostics("\(Self.sound)\n\(Self.sound)") == [
        "test.yaml:16:3: the id 'test/sound' is already used at test.yaml:1:3"
      ])
  }
}
