import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("An explanation")
struct ExplainerTests {
  private static let explainer = Result { try Explainer(Checkout.everything.get()) }

  private func text(_ name: String, width: Int = 80) throws -> String {
    try #require(try Self.explainer.get().explain(name).text(.console, style: Style(width: width)))
  }

  @Test("exists for every name, and fits the terminal") func all() throws {
    let explainer = try Self.explainer.get()
    for name in explainer.names {
      let explanation = try explainer.explain(name)
      for width in [60, 80] {
        let lines = try #require(try explanation.text(.console, style: Style(width: width))).split(separator: "\n")
        #expect(
          lines.count > 1 && lines.allSatisfy { $0.count <= width }, "\(name): \(lines.filter { $0.count > width })")
      }
    }
  }

  @Test("exists for every error that a scenario expects") func errors() throws {
    let expected = try Checkout.fixtures.get().scenarios.flatMap(\.expectedErrors)
    let known = Set(try Self.explainer.get().names)
    #expect(Set(expected).subtracting(known) == [])
  }

  @Test(
    "contains a name's meaning, its causes, the section of the standard, and advice",
    arguments: [
      ("posix-mq", ["(mechanism)", "mq_receive", "POSIX.1-2024  ", "mq_open", "ipc-interop run --mechanism posix-mq"]),
      ("posix-mq/priority-order", ["(scenario)", "highest priority", "Defects that fail it", "(must)"]),
      ("fifo/delivery[c>swift]", ["fifo/delivery (scenario)"]), ("timed out", ["(verdict)", "--timeout-multiplier"]),
      ("mq-priority-dropped", ["(mutant)", "as sender", "self-test mq-priority-dropped --verbose"]),
      ("flaky", ["(term)", "--repeat"]), ("leaked", ["- file: {PATH"]), ("not run", ["(verdict)", "doctor"]),
      ("EPIPE", ["(errno)", "SIGPIPE", "POSIX.1-2024 write", "pipe/"]),
      ("epipe", ["EPIPE (errno)"]), ("EWOULDBLOCK", ["EAGAIN (errno)", "EWOULDBLOCK"]),
      ("mq_timedreceive", ["(function)", "posix-mq", "ETIMEDOUT"]), ("pipe", ["pipe (mechanism)", "pipe (function)"]),
      ("pipe/transfers", ["(fault-injection script)", "end of file", "ipc-interop fault-injection 'pipe/transfers'"]),
      (
        "pipe/transfers[mine,writer:3:write_all,write.1,short]",
        ["(fault-injection script)", "write.1 in writer's write_all: transferred 1 byte"]
      ),
      ("mq_timedreceive", ["A C function of posix-mq. "]),
    ])
  func sections(name: String, texts: [String]) throws {
    let text = try text(name, width: 200)
    for expected in texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test(
    "suggests the nearest name",
    arguments: [("EPIP", "EPIPE"), ("posix-mqq", "posix-mq"), ("timedout", "timed out"), ("mq_recieve", "mq_receive")])
  func suggestion(word: String, name: String) throws {
    let error = #expect(throws: RunError.self) { try Self.explainer.get().explain(word) }
    #expect(error?.status == .usage && error?.description.contains("did you mean '\(name)'?") == true)
  }

  @Test("of a mutant has its defect and its tests, also for a mutant of the runner") func mutants() throws {
    let peer = try #require(try Self.explainer.get().explain("mq-priority-dropped").text(.console))
    #expect(peer.contains("mq-priority-dropped (mutant)") && peer.contains("ipc-interop self-test mq-priority-dropped"))
    let runner = try #require(try Self.explainer.get().explain("skip-ignored").text(.console))
    #expect(runner.contains("skip-ignored (mutant)") && runner.contains("Cells that should be excluded are run."))
    #expect(runner.contains("check skip-everything") && runner.contains("Sources/Harness/Planning/Selection.swift"))
  }

  @Test("is a document in JSON") func json() throws {
    let text = try #require(try Self.explainer.get().explain("pipe").text(.json))
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let kinds = (document["explanations"] as? [[String: Any]])?.compactMap { $0["kind"] as? String }
    #expect(kinds == ["mechanism", "function"])
  }
}

@Suite("The glossary")
struct GlossaryTests {
  private static let verdicts = Verdict.allCases.map {
    "- {verdict: \($0.rawValue), means: M., causes: [C.], do: [D.]}"
  }.joined(separator: "\n")
  private static let error = "- {errno: EAGAIN, means: M., causes: {read: C.}, do: [D.], see: [pipe(7)]}"

  private func load(verdicts: String = Self.verdicts, errors: String = Self.error) throws(FixtureErrors) -> Glossary {
    let text = "verdicts:\n\(verdicts)\nerrors:\n\(errors)\n"
    return try DiagnosticLog.collect {
      Glossary.parse(FixtureFile(file: "glossary.yaml", bytes: Data(text.utf8)), log: $0)
    }
  }

  @Test("contains the facts in the file") func facts() throws {
    let glossary = try load()
    #expect(glossary.errors.first?.causes.first?.reason == "C.")
    #expect(glossary.verdicts.count == Verdict.allCases.count)
  }

  @Test(
    "is rejected with a reason",
    arguments: [
      (
        verdicts.replacing("verdict: leaked", with: "verdict: passed"), error,
        "the verdict 'leaked' must be explained once"
      ),
      (verdicts.replacing("leaked", with: "leakd"), error, "'leakd' is not a verdict; did you mean 'leaked'?"),
      (verdicts, error.replacing("EAGAIN", with: "again"), "'again' is not the symbol of an error"),
      (verdicts, error + "\n" + error, "EAGAIN is explained twice"),
      (verdicts, error.replacing("see:", with: "se:"), "an error has no key 'se'; did you mean 'see'?"),
    ])
  func rejected(verdicts: String, errors: String, message: String) throws {
    let error = #expect(throws: FixtureErrors.self) { try load(verdicts: verdicts, errors: errors) }
    #expect(error.map { "\($0)".contains(message) } == true, "\(String(describing: error))")
  }
}
