import IPC

/// The library as the README shows it. What stands between the marks is, to the letter, what stands there.
enum ReadmeExample {
  static func example(_ record: Span<UInt8>) throws {
    // README: begin
    let pipe = try Pipe()  // close-on-exec; its ends are types, and own
    try pipe.writer.writeAll("Hello".utf8.span)
    switch try pipe.writer.writeAtomically(record, patience: .atMost(.seconds(1))) {
    case .wrote(let count): print(count)  // what a caller plans for is a result:
    case .nobodyReads: print("the reader is gone")  // no SIGPIPE, whatever its disposition
    case .wouldBlock, .timedOut: print("no room")
    }

    let queue = try POSIXMessageQueue.Receiver(opening: .init(validating: "/jobs"))
    var job: [UInt8] = []  // made as long as mq_msgsize once, used again: no allocation a message
    if case .received(_, let priority) = try queue.receive(appendingTo: &job) { print(job, priority) }

    let semaphores = try SystemVSemaphores.open(SystemVKey(rawValue: 5678))
    let segment = try SystemVSharedMemory.open(SystemVKey(rawValue: 1234))
    let memory = try segment.attachReadOnly()  // it has no write: read-only is a type, not a flag
    try semaphores.perform([.acquire(0, undo: true), .release(1)])  // one semop(2), undone should this process die
    print(try memory.bytes(at: 4000, count: 96))  // bounds-checked; an error names call, object and reason
    // README: end
  }
}
