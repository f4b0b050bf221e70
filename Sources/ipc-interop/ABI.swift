import ArgumentParser
import Foundation
import Harness

struct ABI: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares C sizes, offsets and constants across all peers, or the layouts of your own structs.",
    usage: "ipc-interop abi [<options>] [<file>]",
    discussion: """
      Without FILE, peers with the same values share a column, and an asterisk marks a row whose values differ.

      FILE names C headers with structs, and the Swift types that must have the same layout. The command compiles both, \
      runs the Swift program, and compares sizes, alignments, the offsets and types of all fields, padding and atomics; \
      docs/struct-layouts.md describes the file.

      EXAMPLES
        ipc-interop abi
        ipc-interop abi --peers mine.yaml --format json
        ipc-interop abi layout.yaml

      EXIT STATUS
        0 the same layouts, or no FILE   1 the layouts differ
        2 an error in FILE, or in a file that it names
      """)

  @Argument(help: ArgumentHelp("A file with structs to compare.", valueName: "file"))
  var file: String?

  @OptionGroup var list: PeerListOptions<ABITable>

  func run() throws {
    guard let file else {
      let table = try ABITable(try list.configuration())
      return try list.output.write(try table.text(list.output.format) ?? "")
    }
    Interruption.listen()
    let layouts: LayoutFile
    do throws(FixtureErrors) {
      layouts = try LayoutFile(at: URL(fileURLWithPath: file).standardizedFileURL.path, as: file)
    } catch {
      throw RunError("\(error)", status: .usage)
    }
    let comparison = try LayoutComparison(layouts)
    try list.output.write(try comparison.text(list.output.format) ?? "")
    throw ExitCode((comparison.isSame ? Harness.ExitStatus.asExpected : .failures).rawValue)
  }
}
