import IPC
import SystemPackage

/// The README example: the README must contain the lines between the marks.
enum ReadmeExample {
  static func example() throws {
    // README: begin
    let pipe = try AnonymousPipe()  // close-on-exec; both ends are closed when they are destroyed
    try pipe.writer.writeAll("Hello".utf8.span)
    let record = Array("one record".utf8)
    do throws(IPCError) {
      try pipe.writer.writeAtomically(record.span, timeout: .after(.seconds(1)))
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
    let received = try queue.receive(appendingTo: &job)
    print(job, received.priority)

    let semaphores = try SystemVSemaphores.open(5678)
    let memory = try SystemVSharedMemory.open(1234).attachReadOnly()  // this type has no methods that write
    try semaphores.perform([.acquire(0, undo: true), .release(1)])  // one semop(2); undone if this process dies
    print(try memory.copyBytes(at: 4000, count: 96))  // bounds-checked
    // README: end
  }
}
