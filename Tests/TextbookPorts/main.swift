// textbook-ports [--defect NAME] PROGRAM: some of the Tests/Textbook programs in Swift.
import Glibc

var arguments = CommandLine.arguments.dropFirst()
var defect = ""
if arguments.first == "--defect" {
  defect = arguments.dropFirst().first ?? ""
  arguments = arguments.dropFirst(2)
}
do {
  switch arguments.first {
  case "fifo_client": try fifoClient(defect: defect)
  case "job_client": try jobClient(defect: defect)
  case "ring_consumer": try ringConsumer(defect: defect)
  case "signal_boss": try signalBoss(defect: defect)
  default: exit(64)
  }
} catch {
  print(error)
  exit(1)
}
