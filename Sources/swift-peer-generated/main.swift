// The Swift peer with generated mutants: `--mutant NAME` switches one on, and `--record` lists those that would change a
// call. The functions that it calls are replaced at link time, as in the C peer.
import GeneratedMutants
import Glibc
import SwiftPeer

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "--record": generated_mutant_record()
case "--mutant" where arguments.count == 2 && generated_mutant_switch_on(arguments[1]): break
case nil: break
default: exit(2)
}
runPeer()
