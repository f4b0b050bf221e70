import Foundation
import Testing

@testable import Harness

@Suite("The list of pitfalls")
struct PitfallTests {
  private static func load(_ text: String) throws(FixtureErrors) -> [PitfallGroup] {
    try DiagnosticLog.collect {
      PitfallGroup.parse(
        FixtureFile(file: "pitfalls.yaml", bytes: Data(text.utf8)), known: ["pipe/eof", "pipe/broken"], log: $0)
    }
  }

  @Test("names a requirement and its scenarios")
  func sound() throws {
    let groups = try Self.load(
      "- {group: Ends, pitfalls: [{requirement: It ends., scenarios: [pipe/eof, pipe/broken]}]}")
    #expect(groups.map(\.title) == ["Ends"])
    #expect(groups[0].pitfalls.map(\.requirement) == ["It ends."])
    #expect(groups[0].pitfalls[0].scenarios == ["pipe/eof", "pipe/broken"])
  }

  @Test(
    "is rejected with its location if it is incomplete",
    arguments: [
      (
        "- group: Ends\n  pitfalls:\n    - requirement: It ends.\n      scenarios: [pipe/eoff]",
        "pitfalls.yaml:4:19: there is no scenario 'pipe/eoff'; did you mean 'pipe/eof'?"
      ),
      (
        "- group: Ends\n  pitfalls:\n    - requirement: It ends.\n      scenarios: []",
        "pitfalls.yaml:4:18: the list of scenarios is empty"
      ),
      (
        "- group: Ends\n  pitfalls:\n    - requirement: It ends.",
        "pitfalls.yaml:3:7: a pitfall must have the key 'scenarios'"
      ),
      (
        "- group: Ends\n  pitfalls:\n    - scenarios: [pipe/eof]",
        "pitfalls.yaml:3:7: a pitfall must have the key 'requirement'"
      ),
      ("- group: Ends", "pitfalls.yaml:1:3: a group must have the key 'pitfalls'"),
      ("- pitfalls: []", "pitfalls.yaml:1:3: a group must have the key 'group'"),
      (
        "- {groop: Ends, group: Ends, pitfalls: [{requirement: x, scenarios: [pipe/eof]}]}",
        "pitfalls.yaml:1:4: a group has no key 'groop'; did you mean 'group'?"
      ),
      ("[]", "pitfalls.yaml:1:1: the list of groups is empty"),
      ("", "pitfalls.yaml:1:1: the file is empty"),
    ])
  func diagnostics(text: String, mistake: String) {
    let error = #expect(throws: FixtureErrors.self) { try Self.load(text) }
    #expect(error?.diagnostics.map(\.description) == [mistake])
  }
}
