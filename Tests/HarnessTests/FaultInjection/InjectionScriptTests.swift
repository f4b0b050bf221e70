import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("Fault-injection scripts")
struct InjectionScriptTests {
  @Test("perform every operation that makes an IPC call")
  func operations() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let performed = try ScenarioLoader.loadInjectionScripts(root: Checkout.root, registry: registry).reduce(
      into: Set<String>()
    ) {
      $0.formUnion($1.operations)
    }
    let known = performed.union(table.silentOperations)
    #expect(registry.names.filter { !known.contains($0) } == [])
  }

  @Test("allow errors to name the operation instead of the call only for header functions")
  func headers() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    #expect(table.functions(making: "openat", within: "ring_open").contains("ring_open"))
    #expect(table.functions(making: "mq_timedsend", within: "mq_send") == ["mq_send", "mq_timedsend"])
    #expect(!table.functions(making: "fcntl", within: "open").contains("open"))
    let headers = try FileManager.default.contentsOfDirectory(
      atPath: Checkout.root.appending("c-peers/include").string)
    for operation in table.operationsOfHeaders {
      let prefix = operation.prefix { $0 != "_" }
      #expect(headers.contains("ipc_\(prefix).h"), "\(operation) is not a function of a header")
    }
  }

  @Test("list after each ~> a response that is allowed after another role died")
  func expectedAfterPeerDeath() throws {
    let (scenarios, _) = try Checkout.scenarios(
      """
      - id: test/test
        title: A title.
        spec: read(2)
        level: must
        roles: [a]
        steps:
          - a: pipe2 reader=r writer=w
          - a: read handle=r count=1 -> return=1 buf=x ~> return=0 ~> error EINTR ~> blocks
      """)
    let step = try #require(scenarios.first?.steps.last)
    #expect(throws: FixtureErrors.self) {
      try DiagnosticLog.collect { ScenarioLoader.rejectPeerDeaths(scenarios, $0) }
    }
    #expect(step.expectedAfterPeerDeath.map(\.description) == ["ok return=0", "error EINTR", "blocks"])
    guard case .request(_, _, let expected) = step.action else { throw Missing() }
    #expect(expected.description == "ok return=1 buf=x")
  }

  @Test("report an empty ~> and an unknown errno")
  func diagnostics() throws {
    func report(_ step: String) -> String {
      do {
        _ = try Checkout.scenarios(
          "- {id: test/test, title: T., spec: read(2), level: must, roles: [a], steps: [{a: '\(step)'}]}")
        return ""
      } catch { return "\(error)" }
    }
    #expect(report("pid -> ok ~>").contains("'~>' must be followed by what is expected"))
    #expect(report("pid -> ok ~> error EPIP").contains("did you mean 'EPIPE'?"))
  }

  @Test("are selected by name, and unknown names are reported")
  func selection() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let scripts = try ScenarioLoader.loadInjectionScripts(root: Checkout.root, registry: registry)
    var selection = InjectionSelection()
    selection.operations = ["mq_opn"]
    selection.mechanisms = ["posix-mq"]
    #expect(
      selection.problems(scripts: scripts, registry: registry, languages: ["c", "swift"])
        == ["there is no operation 'mq_opn'; did you mean 'mq_open'?"])
    selection.operations = ["mq_open"]
    #expect(
      scripts.filter { selection.mayInclude($0, language: "c", table) }.map(\.id) == ["posix-mq/messages"])
  }

  @Test(
    "are selected if a filter may match one of their cells, whose calls are not known yet",
    arguments: [
      ("posix-mq/messages", true), ("posix-mq/mess*short", true), ("mq/messages[c,", true), ("EINTR", true),
      ("mq_send,mq_timedsend.1", true), ("sender:3", true), ("[c", true), ("", true),
      ("contract/lines", false), ("pipe/transfers[c", false), ("semop_of_no_call", false), ("lines[c]", false),
      (",short]", true), ("ort]", true), ("mq_timedsend.1,EINTR]", true), ("c]", false), ("c>swift]", false),
      ("short]x", false),
    ])
  func filters(filter: String, isSelected: Bool) throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let scripts = try ScenarioLoader.loadInjectionScripts(root: Checkout.root, registry: registry)
    let script = try #require(scripts.first { $0.id == "posix-mq/messages" })
    var selection = InjectionSelection()
    selection.filters = [filter]
    #expect(selection.mayInclude(script, language: "c", table) == isSelected)
  }

  @Test(
    "are selected by --pairs if all roles may have the language of the peer",
    arguments: [
      ([["c"]], true), ([["c", "c"]], true), ([["*", "c"]], true), ([["swift", "c"], ["c"]], true), ([], true),
      ([["swift", "c"]], false), ([["swift"]], false),
    ])
  func pairs(pairs: [[String]], isSelected: Bool) throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let scripts = try ScenarioLoader.loadInjectionScripts(root: Checkout.root, registry: registry)
    let script = try #require(scripts.first { $0.id == "posix-mq/messages" })
    var selection = InjectionSelection()
    selection.pairs = pairs
    #expect(selection.mayInclude(script, language: "c", table) == isSelected)
  }

  private struct Missing: Error {}
}
