import AllocationCount
import IPC
import SystemPackage
import Testing

@Suite struct AllocationTests {
  @Test(.enabled(if: allocations_are_counted())) func `The counter counts`() {
    let before = allocation_count()
    let array = [UInt8](repeating: 1, count: 1000)
    #expect(allocation_count() > before)
    #expect(array.count == 1000)
  }

  @Test(arguments: [Patience.forever, .atMost(.seconds(3600)), .none])
  func `A message through a pipe costs no allocation`(_ patience: Patience) throws {
    let pipe = try Pipe()
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var array: [UInt8] = []
    array.reserveCapacity(64)
    var failures = 0
    let count = try allocations {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try pipe.writer.write(message.span, patience: patience) != .wrote(64) { failures += 1 }
      if try pipe.reader.readExactly(into: &room, patience: patience) != .read(64) { failures += 1 }
      if try pipe.writer.writeAll(message.span, patience: patience) != .wrote(64) { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try pipe.reader.read(atMost: 64, appendingTo: &array, patience: patience) != .read(64) { failures += 1 }
    }
    #expect(count == 0)
    #expect(failures == 0)
  }

  @Test func `An error costs no allocation beyond what the test runtime adds to any`() throws {
    let pipe = try Pipe()
    let large = [UInt8](repeating: 7, count: Pipe.atomicWriteLimit + 1)
    // The runtime of the tests makes a note of each error that is thrown.
    let notes = errorAllocations { () throws(IPCError) in throw IPCError(call: "write", errno: .messageTooLong) }
    let ours = errorAllocations { () throws(IPCError) in try pipe.writer.writeAtomically(large.span) }
    #expect(ours == notes)
  }

  private func errorAllocations(of body: () throws(IPCError) -> Void) -> Int {
    var errors = 0
    let count = allocations { do throws(IPCError) { try body() } catch { errors += 1 } }
    #expect(errors == 10_002)
    return count
  }
}
