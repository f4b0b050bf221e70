import Foundation
import Testing

@testable import Harness

@Suite("A list of known failures") struct KnownFailuresTests {
  private func load(_ text: String, mayBeMissing: Bool = false) throws -> KnownFailures {
    let file = FileManager.default.temporaryDirectory.appending(path: "known-\(UUID().uuidString).yaml")
    if !mayBeMissing { try Data(text.utf8).write(to: file) }
    defer { try? FileManager.default.removeItem(at: file) }
    return try KnownFailures(path: file.path, mayBeMissing: mayBeMissing)
  }

  private func result(_ id: String, _ verdict: Verdict, _ reason: String?, isExpected: Bool = false) -> CellResult {
    CellResult(
      cell: Cell(
        id: id, scenario: id, mechanism: "pipe", title: "", spec: "", level: .must, pairing: [], parameters: [:],
        location: SourceLocation(file: "x", line: 1, column: 1)),
      outcome: CellOutcome(verdict: verdict, reason: reason, evidence: nil), isExpected: isExpected, expectation: nil,
      isolation: .private, rerun: "")
  }

  private let entry = """
    # Ours.
    - cells: "pipe/eof[mine]"
      verdict: failed
      reason: EPIPE
      why: A known difference.
      review: 2999-01-01

    """

  @Test("explains how to create a missing file") func missing() {
    let error = #expect(throws: RunError.self) { try KnownFailures(path: "/nowhere/kf.yaml") }
    #expect(
      error?.description
        == "/nowhere/kf.yaml cannot be read: No such file; --update-known-failures creates it after a run")
    #expect(error?.status == .usage)
  }

  @Test("is created by the first update, and then expects those failures") func created() throws {
    let results = [
      result("pipe/eof[mine]", .failed, "a (mine): read failed with EPIPE"), result("pipe/ok[mine]", .passed, nil),
      result("pipe/late[mine]", .timedOut, "a (mine) did not read within 20.0 seconds"),
      result("pipe/none[mine]", .notRun, "mine does not have poll", isExpected: true),
    ]
    let cells = results.map(\.cell.id)
    let update = try load("", mayBeMissing: true).updated(results, allCells: cells, today: "2026-12-01")
    #expect(update.added == 2 && update.removed == 0 && update.coversAll)
    #expect(update.text.contains("review: 2027-03-01"))
    let known = try load(update.text).expectations
    #expect(known.problems(cells: cells, today: "2026-12-01") == [])
    for result in results where result.verdict != .notRun {
      #expect(known.assess(result.cell.id, result.outcome).isExpected)
    }
    // The time in the reason is not part of the entry.
    let later = CellOutcome(verdict: .timedOut, reason: "a (mine) did not read within 41.5 seconds", evidence: nil)
    #expect(known.assess("pipe/late[mine]", later).isExpected)
  }

  @Test("drops fixed entries, and keeps the others with their comments and reasons") func updated() throws {
    let list = try load(entry)
    let fixed = list.updated(
      [result("pipe/eof[mine]", .passed, nil)], allCells: ["pipe/eof[mine]"], today: "2026-12-01")
    #expect(fixed.text == "# Ours.\n[]\n" && fixed.removed == 1 && fixed.coversAll)
    let same = list.updated(
      [result("pipe/eof[mine]", .failed, "it is EPIPE", isExpected: true)], allCells: ["pipe/eof[mine]"],
      today: "2026-12-01")
    #expect(same.added == 0 && same.removed == 0)
    #expect(same.text.hasPrefix("# Ours.\n") && same.text.contains("why: \"A known difference.\""))
    let other = list.updated(
      [result("pipe/eof[mine]", .failed, "it is EBADF")], allCells: ["pipe/eof[mine]"], today: "2026-12-01")
    #expect(other.added == 1 && other.removed == 1 && other.text.contains("\"it is EBADF\""))
    #expect(other.text.contains("A known difference."))
  }

  @Test("reports the cells that passed, and the option that updates it") func passed() throws {
    let results = [result("pipe/eof[mine]", .passed, nil), result("pipe/ok[mine]", .passed, nil, isExpected: true)]
    #expect(
      try load(entry).problems(results, file: "known.yaml") == [
        "1 cell passed that known.yaml expects to fail; --update-known-failures updates the file"
      ])
    #expect(try load(entry).problems([results[1]], file: "known.yaml") == [])
    #expect([results[0]].knownFailures == ", 1 unexpectedly passed" && [results[0]].failedCount == 0)
  }

  @Test("keeps the entries for faults that the run did not inject, and treats injected faults like other cells")
  func faults() throws {
    let (fault, other) = ("nf[c,p:write.1,EINTR]", "nf[c,p:write.2,EINTR]")
    let list = try load(
      [fault, "nf[c,*,EINTR]", "nf[c,*short]"].map { entry.replacing("pipe/eof[mine]", with: $0) }.joined()
        .replacing("# Ours.\n", with: ""))
    let today = "2026-12-01"
    let plain = result("nf[c]", .passed, nil, isExpected: true)
    // The faults were not injected.
    #expect(list.expectations.limited(toFaultsIn: ["nf[c]"]).problems(cells: ["nf[c]"], today: today) == [])
    #expect(list.updated([plain], allCells: ["nf[c]"], today: today).removed == 0)
    // Some faults were injected, and the programs were recorded, which shows all of them.
    let one = try load(entry.replacing("pipe/eof[mine]", with: fault))
    let cells = ["nf[c]", fault, other]
    #expect(one.updated([plain, result(other, .passed, nil)], allCells: cells, today: today).removed == 0)
    let same = one.updated([result(fault, .failed, "it is EPIPE", isExpected: true)], allCells: cells, today: today)
    #expect(same.added == 0 && same.removed == 0 && same.text.contains("2999-01-01"))
    #expect(one.updated([result(fault, .passed, nil)], allCells: cells, today: today).removed == 1)
    // The program no longer makes the call.
    let gone = ["nf[c]", other]
    #expect(one.updated([plain], allCells: gone, today: today).removed == 1)
    #expect(one.expectations.limited(toFaultsIn: gone).problems(cells: gone, today: today).count == 1)
    // An entry for a misspelled cell without a fault is still an error.
    let misspelled = try load(entry.replacing("pipe/eof[mine]", with: "nf[swft,errno=EINTR]")).expectations
    #expect(misspelled.limited(toFaultsIn: ["nf[c]"]).problems(cells: ["nf[c]"], today: today).count == 1)
  }

  @Test("does not cover a broken environment") func broken() throws {
    let update = try load(entry).updated(
      [result("pipe/eof[mine]", .broken, "the control cell failed")], allCells: ["pipe/eof[mine]"], today: "2026-12-01")
    #expect(!update.coversAll && update.added == 0)
  }

  @Test(
    "applies to some machines if it has conditions",
    arguments: [
      ("{kernel: \"< 6.1\"}", false), ("{kernel: \"< 6.2\"}", true), ("{kernel: \">= 6.1.9\"}", true),
      ("{kernel: \"= 6.1\"}", true), ("{kernel: \"> 6.1\"}", false), ("{libc: musl}", false), ("{libc: glibc}", true),
      ("{libc: \"glibc <= 2.35\"}", false), ("{architecture: x86_64}", true), ("{architecture: aarch64}", false),
      ("{architecture: x86_64, libc: \"glibc > 2.30\", kernel: \"<= 6.1\"}", true),
    ])
  func conditions(when: String, applies: Bool) throws {
    let machine = MachineFacts(kernel: "6.1.90-2-amd64", libc: "glibc 2.36", architecture: "x86_64")
    let text = entry + "  when: \(when)\n"
    let list = try DiagnosticLog.collect {
      Expectations.parse(FixtureFile(file: "known.yaml", bytes: Data(text.utf8)), machine: machine, log: $0)
    }
    #expect(list.entries.count == (applies ? 1 : 0) && list.others.count == (applies ? 0 : 1))
    #expect(list.problems(cells: ["pipe/eof[mine]"], today: "2026-12-01") == [])
  }

  @Test("keeps the entries for other machines") func otherMachines() throws {
    let list = try load(entry + "  when: {architecture: pdp11}\n")
    let update = list.updated(
      [result("pipe/eof[mine]", .passed, nil)], allCells: ["pipe/eof[mine]"], today: "2026-12-01")
    #expect(update.text.contains("when: {architecture: \"pdp11\"}") && update.removed == 0)
  }

  @Test(
    "is rejected with its location if a condition is malformed",
    arguments: [
      ("{kernel: 6.1}", "'kernel' must be a comparison such as '< 6.1', not '6.1'"),
      ("{libc: \"glibc 2.36\"}", "'libc' must be a comparison"), ("{kernal: \"< 6\"}", "did you mean 'kernel'?"),
    ])
  func malformed(when: String, message: String) {
    #expect { try load(entry + "  when: \(when)\n") } throws: {
      "\($0)".contains(message) && "\($0)".contains(".yaml:")
    }
  }

  @Test("finds the facts of this machine") func facts() {
    #expect(MachineFacts.current.libc.wholeMatch(of: /[a-z]+ [0-9.]+/) != nil)
    #expect(["x86_64", "aarch64"].contains(MachineFacts.current.architecture))
  }
}
