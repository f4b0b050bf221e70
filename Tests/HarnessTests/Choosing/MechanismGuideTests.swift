import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The guide to the mechanisms")
struct MechanismGuideTests {
  /// Returns the text of a guide to these mechanisms; `works` is the default rating for every need.
  static func text(_ mechanisms: String) -> String {
    let needs = Need.allCases.map { need in
      let from = [.large, .fast].contains(need) ? ", from: 1000" : ""
      return "- {need: \(need.rawValue), for: [transfer]\(from), otherwise: works, because: It works.}"
    }
    return "needs:\n\(needs.joined(separator: "\n"))\nmechanisms:\n\(mechanisms)"
  }

  static func load(_ text: String) throws(FixtureErrors) -> MechanismGuide {
    try DiagnosticLog.collect {
      MechanismGuide.parse(
        FixtureFile(file: "mechanisms.yaml", bytes: Data(text.utf8)), mechanisms: ["pipe", "fifo"],
        requirements: ["pipe/broken": ["It breaks."], "pipe/twice": ["One.", "Another."]], log: $0)
    }
  }

  @Test("contains the facts in the file")
  func facts() throws {
    let guide = try Self.load(
      Self.text(
        """
        - mechanism: pipe
          name: anonymous pipe
          summary: Bytes.
          purposes: [transfer]
          fits: {related: A child inherits it., boundaries: {with: fifo, because: Of course.}}
          largest: 8
          limited-by: it is small
          functions: [pipe2]
          swift: [AnonymousPipe]
          page: AnonymousPipes
          watch: [pipe/broken]
        """))
    let pipe = try #require(guide.mechanism("pipe"))
    #expect(pipe.fitness[.related]?.level == .fits)
    #expect(pipe.fitness[.boundaries]?.addition == "fifo")
    #expect(pipe.limit?.size == 8)
    #expect(pipe.warnings == ["It breaks."])
    #expect(guide.facts(of: .large)?.threshold == 1000)
  }

  @Test(
    "is rejected with the location of each error",
    arguments: [
      ("- {mechanism: pip, ", 15, "there is no mechanism 'pip'; did you mean 'pipe'?"),
      ("- {mechanism: pipe, fits: {relatd: x}, ", 28, "'relatd' is not a need; did you mean 'related'?"),
      (
        "- {mechanism: pipe, fits: {network: {with: fif, because: x}}, ", 44,
        "there is no mechanism 'fif'; did you mean 'fifo'?"
      ),
      ("- {mechanism: pipe, lacks: {network: {with: fifo, because: x}}, ", 38, "'lacks' has no addition"),
      ("- {mechanism: pipe, fits: {network: x}, works: {network: x}, ", 28, "'network' has two levels; keep one"),
      ("- {mechanism: pipe, purposes: [transfr], ", 32, "'transfr' is not a purpose; did you mean 'transfer'?"),
      ("- {mechanism: pipe, largest: 8, ", 3, "a mechanism has both 'largest' and 'limited-by', or none"),
    ])
  func diagnostics(beginning: String, column: Int, message: String) {
    let text = Self.text(
      "\(beginning)name: x, summary: x, functions: [x], swift: [X], page: X, watch: [pipe/broken]}")
    let error = #expect(throws: FixtureErrors.self) { try Self.load(text) }
    let line = Need.allCases.count + 3
    #expect(error?.diagnostics.map(\.description) == ["mechanisms.yaml:\(line):\(column): \(message)"])
  }

  @Test(
    "requires each scenario to watch to belong to exactly one pitfall",
    arguments: [
      ("pipe/brokn", "no pitfall names 'pipe/brokn'; did you mean 'pipe/broken'?"),
      ("pipe/twice", "2 pitfalls name 'pipe/twice'; choose a scenario of one"),
    ])
  func warnings(scenario: String, message: String) {
    let text = Self.text(
      "- {mechanism: pipe, name: x, summary: x, functions: [x], swift: [X], page: X, watch: [\(scenario)]}")
    let error = #expect(throws: FixtureErrors.self) { try Self.load(text) }
    #expect(error?.diagnostics.map(\.message) == [message])
  }

  @Test("must contain every need")
  func missingNeed() {
    let text = Self.text("- {}").replacing("need: priority,", with: "need: network,")
    let error = #expect(throws: FixtureErrors.self) { try Self.load(text) }
    let messages = error?.diagnostics.map(\.message) ?? []
    #expect(messages.contains("the need 'priority' is missing"))
    #expect(messages.contains("'network' is described twice"))
  }

  /// The project's guide.
  static let guide = Result { () throws -> MechanismGuide in
    try Checkout.everything.get().guide()
  }

  @Test("describes every mechanism in the project, and names only existing files")
  func project() throws {
    let guide = try Self.guide.get()
    let table = try Self.page("docs/mechanisms.md").split(separator: "\n").filter { $0.hasPrefix("|") }
    let described = try Checkout.fixtures.get().registry.mechanisms.filter { !["benchmark", "general"].contains($0) }
    #expect(Set(guide.mechanisms.map(\.id)) == Set(described).union(["buffered", "udp", "tcp", "credentials"]))
    for mechanism in guide.mechanisms {
      let article = try Self.page("Sources/IPC/IPC.docc/\(mechanism.page).md")
      #expect(article.contains("```swift"), "\(mechanism.page) has no example")
      let row = table.first { $0.contains("`\(mechanism.id)`") } ?? ""
      for type in mechanism.types {
        let name = type.split(separator: ".").last ?? ""
        #expect(row.contains(name) || article.contains("``\(type)"), "\(type) is not in the table or the article")
      }
      for example in mechanism.examples {
        #expect(Self.exists("c-peers/examples/\(example).c"))
        #expect(try Self.page("docs/examples.md").contains("`\(example)`"))
      }
      if let header = mechanism.header {
        let text = try Self.page("c-peers/include/\(header)")
        for function in mechanism.functions { #expect(text.contains("\(function)("), "\(header) has no \(function)") }
      }
    }
  }

  private static func page(_ path: String) throws -> String {
    try String(contentsOfFile: Checkout.root.appending(path).string, encoding: .utf8)
  }

  private static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Checkout.root.appending(path).string)
  }
}
