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
    var before = 0
    for round in 0...10_000 {
      // The first round also makes what the runtime makes once.
      if round == 1 { before = allocation_count() }
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if try pipe.writer.write(message.span, patience: patience) != .wrote(64) { failures += 1 }
      if try pipe.reader.readExactly(into: &room, patience: patience) != .read(64) { failures += 1 }
      if try pipe.writer.writeAll(message.span, patience: patience) != .wrote(64) { failures += 1 }
      array.removeAll(keepingCapacity: true)
      if try pipe.reader.read(atMost: 64, appendingTo: &array, patience: patience) != .read(64) { failures += 1 }
    }
    #expect(allocation_count() - before == 0)
    #expect(failures == 0)
  }

  @Test func `An error costs no allocation beyond what the test runtime adds to any`() throws {
    let pipe = try Pipe()
    let large = [UInt8](repeating: 7, count: Pipe.atomicWriteLimit + 1)
    // The runtime of the tests makes a note of each error that is thrown.
    let notes = allocations { () throws(IPCError) in throw IPCError(call: "write", errno: .messageTooLong) }
    let ours = allocations { () throws(IPCError) in try pipe.writer.writeAtomically(large.span) }
    #expect(ours == notes)
  }

  private func allocations(of body: () throws(IPCError) -> Void) -> Int {
    var (before, errors) = (0, 0)
    for round in 0...10_000 {
      if round == 1 { before = allocation_count() }
      do throws(IPCError) { try body() } catch { errors += 1 }
    }
    let count = allocation_count() - before
    #expect(errors == 10_001)
    return count
  }
}
