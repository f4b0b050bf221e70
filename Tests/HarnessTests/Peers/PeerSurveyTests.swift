import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The languages page") struct PeerSurveyTests {
  /// Returns the cells of each column in a Markdown table, by column heading.
  private static func columns(_ page: String) -> [String: [String]] {
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("|") && !$0.hasPrefix("|---") }
      .map { $0.dropFirst(2).dropLast(2).split(separator: " | ", omittingEmptySubsequences: false).map(String.init) }
    guard let heading = rows.first else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: heading.enumerated().map { index, name in
        (
          name,
          rows.dropFirst().map { $0.indices.contains(index) ? $0[index].trimmingCharacters(in: .whitespaces) : "" }
        )
      })
  }

  @Test("has a column for each language, and those of the peers here are current; 'make docs/languages.md' rewrites it")
  func current() async throws {
    let text = try String(contentsOfFile: Checkout.root.appending("docs/languages.md").string, encoding: .utf8)
    let page = Self.columns(text)
    let readme = try String(contentsOfFile: Checkout.root.appending("README.md").string, encoding: .utf8)
    for (name, column) in page where name != "mechanism" {
      // The README has a row for each language, but does not list the mechanisms that only C and Swift support.
      let others = page.filter { !["mechanism", "c", "swift"].contains($0.key) }.values
      let cells = column.indices.filter { row in others.contains { !$0[row].isEmpty } }.map { column[$0] }
      let line = "| \(name) | \(cells.joined(separator: " | ")) |"
      #expect(readme.contains("\n\(line)\n"), "'make docs/languages.md' also writes the table of the README")
    }
    let fixtures = try Fixtures(Installation(root: Checkout.root.string), peers: [Fixtures.allPeers])
    let survey = try await onThread { try PeerSurvey(fixtures.configuration) }
    let here = Self.columns(try #require(try survey.text(.markdown)))
    #expect(here["c"] != nil && here["swift"] != nil && here["c-o3"] == nil)
    for (name, column) in here { #expect(page[name] == column, "\(name)") }
    let known = Set(
      (fixtures.peers.peers.map(\.language) + fixtures.peers.leftOut.map(\.language)).filter { !$0.contains("-") })
    #expect(Set(page.keys) == known.union(["mechanism"]))
  }

  @Test("distinguishes all options from some, and omits other builds of a peer") func shares() throws {
    func peer(_ language: String, without: [String] = [], present: [String], missing: [String] = []) -> PeerSurvey.Peer
    {
      PeerSurvey.Peer(
        language: language, implementation: "x", library: nil, abi: nil, isEmulated: false,
        mechanisms: [.init(mechanism: "pipe", present: present, missing: missing)], without: without)
    }
    let survey = PeerSurvey(peers: [
      peer("c", present: ["read", "write"]), peer("c-musl", present: ["read"], missing: ["write"]),
      peer("d", without: ["read:timeout"], present: ["read", "write"]),
      peer("e", without: ["readv:timeout"], present: ["read", "write"]),
      peer("f-g", present: [], missing: ["read", "write"]),
    ])
    #expect(survey.languages.map(\.language) == ["c", "d", "e", "f-g"])
    #expect(survey.peers.map { survey.share($0, "pipe") } == ["all", "1/2", "2/2", "all", ""])
  }
}
