import AllocationCount
import IPC
import SystemPackage
import Testing

@Suite struct StreamAllocationTests {
  @Test(.enabled(if: allocations_are_counted())) func `Allocations are counted`() {
    let before = allocation_count()
    let array = [UInt8](repeating: 1, count: 1000)
    #expect(allocation_count() > before)
    #expect(array.count == 1000)
  }

  @Test(arguments: [Timeout.never, .after(.seconds(3600)), .immediate])
  func `A message through a pipe does not allocate`(_ timeout: Timeout) throws {
    let pipe = try AnonymousPipe()
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try pipe.writer.write(message.span, timeout: timeout) != 64 { failures += 1 }
      if try pipe.reader.readExactly(into: &room, timeout: timeout) != 64 { failures += 1 }
      try pipe.writer.writeAll(message.span, timeout: timeout)
      array.removeAll(keepingCapacity: true)
      if try pipe.reader.read(maxLength: 64, appendingTo: &array, timeout: timeout) != 64 { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  @Test func `An error does not allocate more than the test runtime adds to any error`() throws {
    let pipe = try AnonymousPipe()
    let large = [UInt8](repeating: 7, count: AnonymousPipe.maximumAtomicWriteLength + 1)
    let any = errorAllocations { () throws(IPCError) in throw IPCError(.write, .messageTooLong) }
    let ours = errorAllocations { () throws(IPCError) in try pipe.writer.writeAtomically(large.span) }
    #expect(ours == any)
  }

  private func errorAllocations(of body: () throws(IPCError) -> Void) -> Int {
    var errors = 0
    let count = allocations { do throws(IPCError) { try body() } catch { errors += 1 } }
    #expect(errors == 10_002)
    return count
  }
}
