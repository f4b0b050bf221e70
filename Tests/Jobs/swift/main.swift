// Sends each argument as a job, prints the result, and then sends an empty job. job_client.c is the same program in C.
import Glibc
import IPC
import SystemPackage

func run(_ arguments: ArraySlice<String>) throws {
  let names = Array(arguments.prefix(2))
  let jobs = try POSIXMessageQueue.Sender.open(POSIXName(names[0]))
  let results = try POSIXMessageQueue.Receiver.open(POSIXName(names[1]))
  for text in arguments.dropFirst(2) {
    let job = Array(text.utf8) + [0]  // the server expects the NUL of the C string
    try jobs.send(job.span)
    var result: [UInt8] = []
    _ = try results.receive(appendingTo: &result)
    print(text, "->", String(decoding: result.dropLast(), as: UTF8.self))
  }
  let end: [UInt8] = [0]
  try jobs.send(end.span)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2 else { fatalError("usage: job_client JOBS RESULTS [TEXT]...") }
do { try run(arguments) } catch {
  // An error at the top level would trap.
  _ = try? FileDescriptor.standardError.writeAll("job_client: \(error)\n".utf8)
  exit(1)
}
