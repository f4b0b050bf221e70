import Testing

@testable import Harness

@Suite("A selection")
struct SelectionTests {
  private let cells = [
    "pipe/eof[c>c]", "pipe/eof[c>swift]", "pipe/eof[swift>c]", "fifo/order[swift>swift]",
  ].map { id in
    let languages = id.split(separator: "[")[1].dropLast().split(separator: ">").map(String.init)
    return Cell(
      id: id, scenario: String(id.prefix { $0 != "[" }), mechanism: String(id.prefix { $0 != "/" }), title: "",
      spec: "",
      level: .must, pairing: zip(["a", "b"], languages).map { Cell.Assignment(role: $0, language: $1) },
      parameters: [:],
      location: SourceLocation(file: "", line: 1, column: 1))
  }

  private func ids(_ selection: Selection) -> [String] { cells.filter(CellFilter(selection).includes).map(\.id) }

  @Test("contains all cells by default")
  func everything() { #expect(ids(Selection()).count == 4) }

  @Test("contains the cells that match a filter, except skipped ones")
  func filters() {
    #expect(ids(Selection(filters: ["eof"], skipped: ["[c>c]"])) == ["pipe/eof[c>swift]", "pipe/eof[swift>c]"])
    #expect(ids(Selection(mechanisms: ["fifo"])) == ["fifo/order[swift>swift]"])
  }

  @Test("compares the languages role by role, or one language with all roles")
  func pairs() {
    #expect(ids(Selection(pairs: [["c", "swift"]])) == ["pipe/eof[c>swift]"])
    #expect(ids(Selection(pairs: [["swift"]])) == ["fifo/order[swift>swift]"])
    #expect(ids(Selection(pairs: [["*", "c"]])) == ["pipe/eof[c>c]", "pipe/eof[swift>c]"])
  }

  @Test(
    "reports names that do not exist",
    arguments: [
      (Selection(filters: ["pipe/eoff"]), "no cell matches 'pipe/eoff'; did you mean 'pipe/eof'?"),
      (Selection(skipped: ["nothing"]), "no cell matches 'nothing'; 'ipc-interop run --list'"),
      (Selection(mechanisms: ["pip"]), "there is no mechanism 'pip'"),
      (Selection(pairs: [["c", "rust"]]), "there is no language 'rust'"),
    ])
  func problems(selection: Selection, message: String) {
    let found = selection.problems(mechanisms: ["fifo", "pipe"], languages: ["c", "swift"], cells: cells.map(\.id))
    #expect(found.count == 1 && found[0].contains(message))
  }

  @Test("names the command that lists all cells, and the --skip patterns that exclude nothing") func advice() {
    let found = Selection.problems(of: ["nothing"], cells: cells.map(\.id), listing: "check-peer --list ./peer")
    #expect(found == ["no cell matches 'nothing'; 'ipc-interop check-peer --list ./peer' shows all"])
    let own = Selection.problems(of: ["nothing"], cells: cells.map(\.id), listing: "run --list", files: ["own.yaml"])
    #expect(own == ["no cell in own.yaml matches 'nothing'; --list shows all scenarios"])
    let selection = Selection(skipped: ["nothing", "[c>c]", "nothing"])
    #expect(selection.skipNotes(cells: cells.map(\.id)) == ["--skip 'nothing' leaves out no cell"])
  }
}
