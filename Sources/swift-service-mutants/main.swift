// The Swift services with one defect in their own decisions (`--mutant NAME`) or none. `decisions.patch` adds the
// defects to a copy of the services, because they are not in calls that can be replaced at link time.
//
// `swift-peer-mutants` starts this program for the mutants that it does not contain itself.
import Glibc
import SwiftServicesWithMutants

var arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--mutants"] {
  for mutant in ServiceMutant.allCases { print(mutant.rawValue) }
  exit(0)
}
// The program name precedes the option.
guard let option = arguments.prefix(2).firstIndex(of: "--mutant"), arguments.count > option + 1,
  let mutant = ServiceMutant(rawValue: arguments[option + 1])
else {
  var text = "there is no such mutant; --mutants lists them\n"
  text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
  exit(2)
}
unsafe ServiceMutant.chosen = mutant
arguments.removeSubrange(option...option + 1)
if !runService(arguments) {
  // The peer contains none of these mutants.
  let peer = CommandLine.arguments[0]
  var words = unsafe [strdup(peer), nil]
  unsafe execv(peer, &words)
  exit(2)
}
