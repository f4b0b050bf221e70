import Foundation
import Testing

@testable import Interop

@Suite("The list of pitfalls")
struct PitfallTests {
  private static func load(_ text: String) throws(LoadErrors) -> [PitfallGroup] {
    try PitfallLoader.load(file: "pitfalls.yaml", bytes: Data(text.utf8), known: ["pipe/eof", "pipe/broken"])
  }

  @Test("names a demand and its scenarios")
  func sound() throws {
    let groups = try Self.load("- {group: Ends, pitfalls: [{demand: It ends., scenarios: [pipe/eof, pipe/broken]}]}")
    #expect(groups.map(\.title) == ["Ends"])
    #expect(groups[0].pitfalls.map(\.demand) == ["It ends."])
    #expect(groups[0].pitfalls[0].scenarios == ["pipe/eof", "pipe/broken"])
  }

  @Test(
    "is told with its place where it holds nobody to anything",
    arguments: [
      (
        "- group: Ends\n  pitfalls:\n    - demand: It ends.\n      scenarios: [pipe/eoff]",
        "pitfalls.yaml:4:19: there is no scenario 'pipe/eoff'; did you mean 'pipe/eof'?"
      ),
      (
        "- group: Ends\n  pitfalls:\n    - demand: It ends.\n      scenarios: []",
        "pitfalls.yaml:3:7: no scenario holds anybody to this"
      ),
      ("- group: Ends\n  pitfalls:\n    - demand: It ends.", "pitfalls.yaml:3:7: no scenario holds anybody to this"),
      ("- group: Ends\n  pitfalls:\n    - scenarios: [pipe/eof]", "pitfalls.yaml:3:7: the pitfall has no 'demand'"),
      ("- group: Ends", "pitfalls.yaml:1:3: the group 'Ends' has no pitfalls"),
      ("- pitfalls: []", "pitfalls.yaml:1:3: the group has no 'group'"),
      (
        "- {groop: Ends, group: Ends, pitfalls: [{demand: x, scenarios: [pipe/eof]}]}",
        "pitfalls.yaml:1:4: a group has no key 'groop'; did you mean 'group'?"
      ),
      ("[]", "pitfalls.yaml:1:1: there is no group here"),
      ("", "pitfalls.yaml:1:1: the file is empty"),
    ])
  func mistakes(text: String, mistake: String) {
    let error = #expect(throws: LoadErrors.self) { try Self.load(text) }
    #expect(error?.mistakes.map(\.description) == [mistake])
  }
}
