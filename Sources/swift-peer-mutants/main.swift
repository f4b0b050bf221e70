// The Swift peer with one mutant, selected by `--mutant NAME`, or with none. Each is what an inexperienced porter would write
// for the call for the first time; the library knows nothing about them.
import Glibc
import SwiftPeer

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--mutants"] {
  for mutant in Mutant.allCases { print(mutant.rawValue) }
  exit(0)
}
if !arguments.isEmpty {
  guard arguments.count == 2, arguments[0] == "--mutant", let mutant = Mutant(rawValue: arguments[1]) else {
    complain("there is no mutant '\(arguments.dropFirst().joined(separator: " "))'; --mutants lists them\n")
    exit(2)
  }
  unsafe Mutant.chosen = mutant
}
runPeer()

private func complain(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
}
