import Foundation
import PeerProtocol
import SystemPackage
import Testing

@testable import Harness

@Suite("The compatibility of ABIs")
struct CompatibilityTests {
  private static let steps = """
        - a: shared_layout
        - b: shared_layout
        - d: pid
    """

  private static let greetings: [String: Greeting] = [
    "c": Greeting(language: "c", implementation: "x", library: "glibc-2.36", abi: "x86-64", operations: []),
    "narrow": Greeting(language: "narrow", implementation: "x", library: "glibc-2.36", abi: "i386", operations: []),
    "musl": Greeting(language: "musl", implementation: "x", library: "musl", abi: "x86-64", operations: []),
    "silent": Greeting(language: "silent", implementation: "x", operations: []),
  ]

  private func entries(_ text: String) throws -> [Incompatibility] {
    let registry = try Checkout.fixtures.get().registry
    return try DiagnosticLog.collect { log in
      Incompatibility.parse(FixtureFile(file: "abi.yaml", bytes: Data(text.utf8)), registry: registry, log: log)
    }
  }

  /// Whether an entry covers the cell in which these languages play the roles a, b and d.
  private func covers(_ entry: String, _ languages: [String]) throws -> Bool {
    let text = "- {id: x, works: never, why: Because., advice: None., \(entry)}"
    let registry = try Checkout.fixtures.get().registry
    let (scenarios, _) = try Checkout.scenarios(
      ShellPeers.scenario(steps: Self.steps).replacing("[a]", with: "[a, b, d]"))
    let scenario = try #require(scenarios.first)
    let pairing = Pairing(languages: languages)
    let cell = Plan.PlannedCell(cell: Cell(scenario, pairing), pairing: pairing, isControl: false)
    return Compatibility(try entries(text), runsIncompatible: false).knowing(Self.greetings)
      .incompatibility(of: cell, scenario, registry) != nil
  }

  @Test("depends on a difference between the roles that request the operations")
  func differ() throws {
    let entry = "operations: [shared-mutex], differ: [library, width]"
    #expect(try covers(entry, ["c", "narrow", "c"]))
    #expect(try covers(entry, ["musl", "c", "c"]))
    #expect(try !covers(entry, ["narrow", "narrow", "narrow"]))
    #expect(try !covers(entry, ["c", "c", "narrow"]), "the third role does not request it")
    #expect(try !covers("operations: [shared-mutex], differ: [library]", ["c", "narrow", "c"]))
  }

  @Test("depends on the ABI or the C library of one role") func platforms() throws {
    #expect(try covers("operations: [shared-mutex], peers: {width: 32}", ["c", "narrow", "c"]))
    #expect(try covers("operations: [shared-mutex], peers: {library: musl}", ["c", "musl", "c"]))
    #expect(try !covers("operations: [shared-mutex], peers: {library: musl, width: 32}", ["narrow", "musl", "c"]))
    #expect(try !covers("operations: [shared-mutex], peers: {width: 32}", ["c", "c", "narrow"]))
    #expect(try covers("cells: ['test/*'], peers: {width: 32}", ["c", "c", "narrow"]))
    #expect(try !covers("cells: ['other/*'], peers: {width: 32}", ["c", "c", "narrow"]))
  }

  @Test("is that of this machine for a peer that does not report its ABI") func silent() throws {
    let platform = PeerPlatform(Self.greetings["silent"])
    #expect(platform.library == "glibc" && platform.abi?.width == 64 && !platform.isEmulated)
    #expect(PeerPlatform(library: nil, abi: .i386).isNarrow("time_t"))
    #expect(!PeerPlatform(library: nil, abi: .i386Time64).isNarrow("time_t"))
    #expect(!PeerPlatform(library: nil, abi: .x86_64).isNarrow("long"))
  }

  @Test(
    "is described without errors",
    arguments: [
      ("- {id: x, works: never, why: w, advice: a, differ: [width]}", "an entry has 'cells' or 'operations'"),
      ("- {id: x, works: never, why: w, advice: a, cells: ['*']}", "an entry has 'differ' or 'peers'"),
      ("- {id: x, works: maybe, why: w, advice: a, cells: ['*'], differ: [width]}", "maybe"),
      ("- {id: x, works: never, why: w, advice: a, operations: [pipe3], differ: [width]}", "did you mean"),
    ])
  func errors(text: String, expected: String) throws {
    #expect { try entries(text) } throws: { "\($0)".contains(expected) }
  }

  @Test("is read from the suite's file") func file() throws {
    let registry = try Checkout.fixtures.get().registry
    let entries = try DiagnosticLog.collect {
      Incompatibility.load(root: Checkout.root.string, registry: registry, log: $0)
    }
    #expect(entries.contains { $0.id == "mutexes" && $0.works == .never })
  }
}
