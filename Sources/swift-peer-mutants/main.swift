// The Swift peer with one defect (`--mutant NAME`) or none. Each defect is typical of a first port of the call.
// The defects replace C functions at link time, so the library contains none of them.
import Glibc
import SwiftPeer

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--mutants"] {
  for mutant in Mutant.allCases { print(mutant.rawValue) }
  exit(0)
}
if !arguments.isEmpty {
  guard arguments.count == 2, arguments[0] == "--mutant", let mutant = Mutant(rawValue: arguments[1]) else {
    printError("there is no mutant '\(arguments.dropFirst().joined(separator: " "))'; --mutants lists them\n")
    exit(2)
  }
  unsafe Mutant.chosen = mutant
}
runPeer()

private func printError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
}
