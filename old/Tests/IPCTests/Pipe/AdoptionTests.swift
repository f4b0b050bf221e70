import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct AdoptionTests {
  @Test func `An inherited end becomes close-on-exec`() throws {
    let pipe = try Pipe()
    let inherited = FileDescriptor(rawValue: dup(pipe.writer.descriptor.rawValue))
    #expect(isCloseOnExec(inherited.rawValue) == false)
    let writer = try Pipe.Writer(adopting: inherited)
    #expect(isCloseOnExec(inherited.rawValue) == true)
    #expect(try writer.write([1].span) == .wrote(1))
  }

  @Test func `An end of the other direction is refused, and stays its owner's`() throws {
    let pipe = try Pipe()
    #expect(reason { _ = try Pipe.Reader(adopting: pipe.writer.descriptor) } == .badFileDescriptor)
    #expect(reason { _ = try Pipe.Writer(adopting: pipe.reader.descriptor) } == .badFileDescriptor)
    #expect(try pipe.writer.write([1].span) == .wrote(1))
  }

  @Test func `What names a pipe, and has not opened it, is refused`() throws {
    let pipe = try Pipe()
    let naming = FileDescriptor(
      rawValue: unsafe open("/proc/self/fd/\(pipe.reader.descriptor.rawValue)", pathOnly | O_CLOEXEC))
    defer { try? naming.close() }
    #expect(reason { _ = try Pipe.Reader(adopting: naming) } == .badFileDescriptor)
    #expect(reason { _ = try Pipe.Writer(adopting: naming) } == .badFileDescriptor)
  }

  @Test func `What is no pipe is refused, and stays its owner's`() throws {
    let file = try unsafe FileDescriptor.open("/dev/null", .readOnly)
    defer { try? file.close() }
    #expect(reason { _ = try Pipe.Reader(adopting: file) } == .invalidArgument)
    #expect(isCloseOnExec(file.rawValue) != nil)
  }
}

/// `O_PATH`, which is not imported.
private let pathOnly: Int32 = 0o10_000_000
