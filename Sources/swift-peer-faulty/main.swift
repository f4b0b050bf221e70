// A gallery of mistakes: the Swift peer with one fault, `--fault NAME`, or with none. Each is what somebody would write
// who ports the call for the first time; the library knows nothing of it.
import Glibc
import SwiftPeer

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--faults"] {
  for fault in Fault.allCases { print(fault.rawValue) }
  exit(0)
}
if !arguments.isEmpty {
  guard arguments.count == 2, arguments[0] == "--fault", let fault = Fault(rawValue: arguments[1]) else {
    complain("there is no fault '\(arguments.dropFirst().joined(separator: " "))'; --faults lists them\n")
    exit(2)
  }
  unsafe Fault.chosen = fault
}
runPeer()

private func complain(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = unsafe write(2, bytes.baseAddress, bytes.count) }
}
