// The Swift services, with one defect in their own decisions (`--mutant NAME`) or none. At link time, calls can be
// replaced, but decisions cannot. Therefore, `decisions.patch` adds the defects to a copy of the services.
//
// `swift-peer-mutants` starts this program for mutants of the services' decisions, because the peer program does not
// contain those mutants.
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
  // The peer program does not contain these mutants.
  let peer = CommandLine.arguments[0]
  var words = unsafe [strdup(peer), nil]
  unsafe execv(peer, &words)
  exit(2)
}
