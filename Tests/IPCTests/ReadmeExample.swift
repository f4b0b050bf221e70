import IPC
import SystemPackage

/// The example in the README, which must contain the lines between the markers.
enum ReadmeExample {
  static func example() throws {
    // README: begin
    let pipe = try AnonymousPipe()  // close-on-exec; both ends are closed when they are destroyed
    try pipe.writer.writeAll("Hello".utf8.span)
    do throws(IPCError) {
      try pipe.writer.writeAtomically("one record".utf8.span, timeout: .after(.seconds(1)))
    } catch {
      switch error.errno {
      case .brokenPipe: print("All readers are gone.")  // no SIGPIPE, whatever its disposition
      case .timedOut: print("The pipe stayed full for a second.")
      default: throw error  // names the call, the object and the reason
      }
    }

    let name: POSIXName = "/jobs"  // POSIXName(text) if it is not a literal
    let queue = try POSIXMessageQueue.Receiver.open(name)
    var job: [UInt8] = []  // reused, so that no message is allocated
    print(try queue.receive(appendingTo: &job).priority, job)
    // README: end
  }
}
