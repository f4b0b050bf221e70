import Testing

@testable import Harness

@Suite("The scenarios that are loaded for a selection")
struct LoadingScopeTests {
  private let known = ["contract", "fifo", "mapped-file", "pipe", "shm-pipe"]

  private func loaded(_ selection: Selection) -> [String] {
    let scope = LoadingScope(selection, among: known)
    return known.filter(scope.contains)
  }

  @Test(
    "are those of the mechanisms that it can select",
    arguments: [
      (Selection(filters: ["fifo/eof"]), ["fifo"]),
      (Selection(filters: ["pipe/eof"]), ["pipe", "shm-pipe"]),
      (Selection(filters: ["f*o/eof[c>swift]", "contract/"]), ["contract", "fifo"]),
      (Selection(mechanisms: ["fifo"]), ["fifo"]),
      (Selection(filters: ["pipe/"], mechanisms: ["fifo", "pipe"]), ["pipe"]),
      (Selection(filters: ["eof"], mechanisms: ["pipe"]), ["pipe"]),
    ])
  func some(selection: Selection, mechanisms: [String]) { #expect(loaded(selection) == mechanisms) }

  @Test(
    "are all if any mechanism may match, or a name matches none",
    arguments: [
      Selection(), Selection(filters: ["eof"]), Selection(filters: ["*/eof"]), Selection(filters: ["fifo/a", "b"]),
      Selection(filters: ["pip/eof"]), Selection(filters: ["fifo/a", "pip/eof"]),
      Selection(mechanisms: ["fifo", "pip"]), Selection(filters: ["pipe/"], mechanisms: ["fifo"]),
      Selection(skipped: ["pipe/eof"]), Selection(pairs: [["c"]]),
    ])
  func all(selection: Selection) { #expect(loaded(selection) == known) }

  @Test(
    "are only those whose cells a filter can match",
    arguments: [
      ("pipe/eof", ["pipe/eof", "pipe/eof-late"]), ("pipe/eof[c>", ["pipe/eof"]),
      ("pipe/e*swift", ["pipe/eof", "pipe/eof-late"]),
      ("pe/eof-l", ["pipe/eof-late"]), ("pipe/", ["pipe/eof", "pipe/eof-late", "pipe/order"]), ("pipe/of", []),
    ])
  func filtered(filter: String, scenarios: [String]) {
    let scope = LoadingScope(Selection(filters: [filter]), among: ["fifo", "pipe"])
    #expect(["pipe/eof", "pipe/eof-late", "pipe/order"].filter(scope.containsScenario) == scenarios)
    #expect(scope.ofWholeMechanisms.containsScenario("pipe/order") && !scope.ofWholeMechanisms.contains("fifo"))
  }

  @Test("are all those of the mechanisms if a filter names no mechanism, or there is none")
  func unfiltered() {
    for selection in [Selection(filters: ["pipe/eof", "eof"]), Selection(mechanisms: ["pipe"])] {
      #expect(LoadingScope(selection, among: known).containsScenario("pipe/order"))
    }
  }

  @Test("do not include the cells of other patterns than the filters") func others() {
    let scope = LoadingScope(Selection(filters: ["fifo/eof"]), among: known)
    #expect(scope.containsCells(of: Glob(containing: "fifo/eof")))
    #expect(!scope.containsCells(of: Glob(containing: "fifo/order")))
    #expect(scope.contains("fifo") && !scope.containsWhole("fifo"))
  }

  @Test("limit the names that can be wrong, and the expectations that can be stale")
  func limits() {
    let selection = Selection(filters: ["pipe/eof"], skipped: ["fifo/order", "pipe/nothing"])
    let scope = LoadingScope(selection, among: known)
    let problems = selection.problems(
      mechanisms: ["pipe"], languages: ["c"], cells: ["pipe/eof[c]"], scope: scope)
    #expect(problems.count == 1 && problems[0].contains("no cell matches 'pipe/nothing'"))
    let expectations = Expectations(
      entries: ["fifo/order[c]", "pipe/gone[c]", "*[c]"].map { pattern in
        Expectations.Entry(
          cells: Glob(pattern), verdict: .failed, reason: "", why: "", review: "2027-01-01",
          location: SourceLocation(file: pattern, line: 1, column: 1))
      })
    #expect(expectations.limited(to: .everything).entries.count == 3)
    let stale = expectations.limited(to: scope).problems(cells: ["pipe/eof[c]"], today: "2026-12-01")
    #expect(stale.count == 1 && stale[0].contains("no cell matches 'pipe/gone[c]'"))
  }
}
