import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct PIDFDTests {
  @Test func `A child is waited for with a deadline, and reaped`() async throws {
    try await onThread {
      let input = try AnonymousPipe()
      let child = try ChildProcess("cat", standardInput: .descriptor(input.reader))
      let number = child.processID
      let process = try child.pidfd()
      try input.reader.close()
      #expect(isCloseOnExec(process.descriptor.rawValue) == true)
      #expect(try process.processID == number)
      let timeout = Timeout.after(.milliseconds(10))
      #expect(try !process.hasEnded)
      #expect(reason { try process.wait(timeout: .immediate) } == .wouldBlock)
      #expect(reason { try process.wait(timeout: timeout) } == .timedOut)
      #expect(timeout.hasPassed)
      #expect(try process.reap() == nil)
      try input.writer.close()
      try process.wait()
      #expect(try process.hasEnded)
      // A zombie still has its process ID.
      #expect(try process.processID == number)
      #expect(try process.reap() == .exited(0))
      #expect(try process.processID == nil)
      #expect(reason { _ = try process.reap() } == .noChildProcess)
      #expect(reason { try process.send(.terminate) } == .noSuchProcess)
      try process.close()
    }
  }

  @Test func `A child that was ended by a signal is reported as such`() async throws {
    try await onThread {
      let input = try AnonymousPipe()
      let child = try ChildProcess("cat", standardInput: .descriptor(input.reader))
      let process = try child.pidfd()
      try process.send(.kill)
      try process.wait()
      #expect(try process.reap() == .signaled(.kill))
    }
  }

  @Test(arguments: [0, -1, Int32.min]) func `Only a single process has a descriptor`(_ number: Int32) {
    #expect(reason { _ = try PIDFD(of: ProcessID(rawValue: number)) } == .invalidArgument)
  }

  @Test func `Opening a descriptor of a process that does not exist fails`() {
    #expect(reason { _ = try PIDFD(of: ProcessID(rawValue: .max)) } == .noSuchProcess)
  }

  @Test func `Only a PIDFD is adopted as one`() throws {
    let pipe = try AnonymousPipe()
    #expect(reason { _ = try PIDFD(adopting: pipe.reader.descriptor) } == .badFileDescriptor)
    // pidfd_send_signal(2) also accepts a /proc/PID directory. However, poll(2) always reports a directory as readable,
    // which would mean that the process has ended.
    let directory = try unsafe FileDescriptor.open("/proc/self", .readOnly, options: .directory)
    defer { try? directory.close() }
    #expect(reason { _ = try PIDFD(adopting: directory) } == .badFileDescriptor)
    #expect(reason { _ = try PIDFD(adopting: FileDescriptor(rawValue: .max)) } == .badFileDescriptor)
    let process = try PIDFD(adopting: try PIDFD(of: .current).release())
    #expect(try process.processID == .current)
    #expect(reason { _ = try process.reap() } == .noChildProcess)
  }

  @Test func `A parent waits for its child to stop, to continue and to end`() async throws {
    try await onThread {
      let input = try AnonymousPipe()
      let child = try ChildProcess("cat", standardInput: .descriptor(input.reader))
      let process = try child.pidfd()
      #expect(try process.tryChange([.ended, .stopped, .continued]) == nil)
      try process.send(.stop)
      #expect(try process.change(.stopped, keeping: true) == .stopped(.stop))
      #expect(try process.change([.stopped, .ended]) == .stopped(.stop))
      try process.send(.continue)
      #expect(try process.change(.continued) == .continued)
      let copy = try process.duplicate(0)
      #expect(isCloseOnExec(copy.descriptor.rawValue) == true)
      #expect(reason { _ = try process.duplicate(999) } == .badFileDescriptor)
      let patient = try PIDFD(of: child.processID, nonBlocking: true)
      #expect(reason { _ = try patient.change(.ended) } == .wouldBlock)
      try process.send(.terminate)
      #expect(try process.change(.ended, keeping: true) == .ended(.signaled(.terminate)))
      #expect(try process.change(.ended) == .ended(.signaled(.terminate)))
      #expect(reason { _ = try process.change(.ended) } == .noChildProcess)
    }
  }
}
