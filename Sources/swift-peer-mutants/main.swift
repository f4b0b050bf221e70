// The Swift peer and the Swift example programs, with one defect (`--mutant NAME`) or none. Each defect is a typical
// mistake in a first attempt to port a call. The defects are in functions that replace C functions at link time, so the
// library itself does not contain the defects.
import Glibc
import SwiftExamples
import SwiftPeer
import SwiftServices

var arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--mutants"] {
  for mutant in Mutant.allCases { print(mutant.rawValue) }
  runServicesWithMutants()
  exit(0)
}
// The program name precedes the option.
if let option = arguments.prefix(2).firstIndex(of: "--mutant") {
  guard arguments.count > option + 1, let mutant = Mutant(rawValue: arguments[option + 1]) else {
    runServicesWithMutants()
    printError("there is no mutant '\(arguments.dropFirst(option + 1).first ?? "")'; --mutants lists them\n")
    exit(2)
  }
  unsafe Mutant.chosen = mutant
  arguments.removeSubrange(option...option + 1)
}
unsafe Mutant.isInProgram = !arguments.isEmpty
if arguments.isEmpty { runPeer() } else if !runService(arguments) { runExample(arguments) }

/// Replaces this program with `swift-services`, which contains the mutants of the services' own decisions, if that
/// program is in the same directory.
private func runServicesWithMutants() {
  let path = CommandLine.arguments[0]
  guard let slash = path.lastIndex(of: "/") else { return }
  var words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
  fflush(nil)
  unsafe execv(path[...slash] + "swift-services", &words)
}

private func printError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
}
