import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct ProcessDescriptorTests {
  @Test func `The end of a child is waited for with a deadline, and taken`() async throws {
    try await onThread {
      let input = try IPC.Pipe()
      let child = try Child("cat", handing: [input.reader.handed(as: 0)])
      let number = child.process
      let process = try child.descriptor()
      try input.reader.close()
      #expect(isCloseOnExec(process.descriptor.rawValue) == true)
      #expect(try process.process == number)
      let deadline = Deadline.after(.milliseconds(10))
      #expect(try !process.waitForEnd(patience: .none))
      #expect(try !process.waitForEnd(patience: .until(deadline)))
      #expect(deadline.hasPassed)
      #expect(try process.reap() == nil)
      try input.writer.close()
      #expect(try process.waitForEnd())
      // A zombie has its number still.
      #expect(try process.process == number)
      #expect(try process.reap() == .exited(status: 0))
      #expect(try process.process == nil)
      #expect(reason { _ = try process.reap() } == .noChildProcess)
      #expect(reason { try process.send(.terminate) } == .noSuchProcess)
      try process.close()
    }
  }

  @Test func `A signal ends a child, and how is told`() async throws {
    try await onThread {
      let input = try IPC.Pipe()
      let child = try Child("cat", handing: [input.reader.handed(as: 0)])
      let process = try child.descriptor()
      try process.send(.kill)
      #expect(try process.waitForEnd())
      #expect(try process.reap() == .killed(signal: SIGKILL))
    }
  }

  @Test(arguments: [0, -1, Int32.min]) func `What is not one process has no descriptor`(_ number: Int32) {
    #expect(reason { _ = try ProcessDescriptor(of: number) } == .invalidArgument)
  }

  @Test func `A process that is not there has none`() {
    #expect(reason { _ = try ProcessDescriptor(of: .max) } == .noSuchProcess)
  }

  @Test func `Only what is of a process is adopted as one`() throws {
    let pipe = try IPC.Pipe()
    #expect(reason { _ = try ProcessDescriptor(adopting: pipe.reader.descriptor) } == .badFileDescriptor)
    // By pidfd_send_signal(2) it would pass for one; and it is readable, as if the process had ended.
    let directory = try unsafe FileDescriptor.open("/proc/self", .readOnly, options: .directory)
    defer { try? directory.close() }
    #expect(reason { _ = try ProcessDescriptor(adopting: directory) } == .badFileDescriptor)
    #expect(reason { _ = try ProcessDescriptor(adopting: FileDescriptor(rawValue: .max)) } == .badFileDescriptor)
    let process = try ProcessDescriptor(adopting: try ProcessDescriptor(of: getpid()).release())
    #expect(try process.process == getpid())
    #expect(reason { _ = try process.reap() } == .noChildProcess)
  }
}
