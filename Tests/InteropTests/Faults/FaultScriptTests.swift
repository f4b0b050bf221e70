import Foundation
import SystemPackage
import Testing

@testable import Interop

@Suite("The scripts for faults")
struct FaultScriptTests {
  @Test("perform every operation that makes a call of IPC")
  func vocabulary() throws {
    let (_, vocabulary) = try Checkout.fixtures.get()
    let table = try SystemCallTable.load(root: Checkout.root, vocabulary: vocabulary)
    let performed = try ScenarioLoader.loadFaultScripts(root: Checkout.root).reduce(into: Set<String>()) {
      $0.formUnion($1.operations)
    }
    let known = performed.union(table.silentOperations)
    #expect(vocabulary.names.filter { !known.contains($0) } == [])
  }

  @Test("let an error name its operation instead of the call only where that is a function of a header")
  func headers() throws {
    let (_, vocabulary) = try ScenarioLoader.load(root: Checkout.root)
    let table = try SystemCallTable.load(root: Checkout.root, vocabulary: vocabulary)
    #expect(table.functions(making: "openat", within: "ring_open").contains("ring_open"))
    #expect(table.functions(making: "mq_timedsend", within: "mq_send") == ["mq_send", "mq_timedsend"])
    #expect(!table.functions(making: "fcntl", within: "open").contains("open"))
    let headers = try FileManager.default.contentsOfDirectory(
      atPath: Checkout.root.appending("c-peers/include").string)
    for operation in table.operationsOfHeaders {
      let prefix = operation.prefix { $0 != "_" }
      #expect(headers.contains("ipc_\(prefix).h"), "\(operation) is a function of no header")
    }
  }

  @Test("say behind each ~> what may come once another role has died")
  func bereaved() throws {
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
    #expect(throws: LoadErrors.self) { try ScenarioLoader.refuseBereaved(scenarios, MistakeLog()) }
    #expect(step.bereaved.map(\.description) == ["ok return=0", "error EINTR", "blocks"])
    guard case .request(_, _, let expected) = step.action else { throw Missing() }
    #expect(expected.description == "ok return=1 buf=x")
  }

  @Test("are told what is missing behind ~>, and with an errno that does not exist")
  func mistakes() throws {
    func mistake(_ step: String) -> String {
      do {
        _ = try Checkout.scenarios(
          "- {id: test/test, title: T., spec: read(2), level: must, roles: [a], steps: [{a: '\(step)'}]}")
        return ""
      } catch { return "\(error)" }
    }
    #expect(mistake("pid -> ok ~>").contains("behind '~>' stands what is expected"))
    #expect(mistake("pid -> ok ~> error EPIP").contains("did you mean 'EPIPE'?"))
  }

  @Test("select what was asked for, and nothing that does not exist")
  func selection() throws {
    let scripts = try ScenarioLoader.loadFaultScripts(root: Checkout.root)
    let (_, vocabulary) = try Checkout.fixtures.get()
    var selection = FaultSelection()
    selection.operations = ["mq_opn"]
    selection.mechanisms = ["posix-mq"]
    #expect(
      selection.complaints(scripts: scripts, vocabulary: vocabulary, languages: ["c", "swift"])
        == ["there is no operation 'mq_opn'; did you mean 'mq_open'?"])
    selection.operations = ["mq_open"]
    #expect(
      scripts.filter { selection.mayInclude($0, language: "c") }.map(\.id) == ["posix-mq/messages"])
  }

  private struct Missing: Error {}
}
