// The Swift peer with generated mutants. `--mutant NAME` enables a mutant, and `--record` lists the mutants that would
// change a call. As in the C peer, the functions that the peer calls are replaced at link time.
import GeneratedMutants
import Glibc
import SwiftPeer

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "--record": generated_mutant_record()
case "--mutant" where arguments.count == 2 && (unsafe generated_mutant_switch_on(arguments[1])): break
case nil: break
default: exit(2)
}
runPeer()
