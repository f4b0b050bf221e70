import FuzzedC
import Glibc
import IPC
import Testing

/// Calls to `ipc_queue.h` with invalid deadlines.
@Suite struct QueueDeadlineTests {
  /// Passes to `body` a queue that is locked by a nonexistent thread.
  private func withLockedQueue(_ body: (UnsafeMutableRawPointer, Int) -> Void) throws {
    let size = try SharedQueue.size(slotCount: 3, slotSize: 20)
    let memory = try SharedRegion(size: size)
    _ = try SharedQueue.create(in: memory, at: 0, slotCount: 3, slotSize: 20)
    let base = unsafe try memory.place(bytes: size, alignment: 8, at: 0)
    unsafe base.storeBytes(of: 0x3FFF_FFFF, toByteOffset: 64, as: UInt32.self)
    unsafe body(base, size)
  }

  @Test(.timeLimit(.minutes(1)))
  func `An invalid deadline is an error if the call has to wait`() throws {
    unsafe try withLockedQueue { memory, size in
      var now = timespec()
      _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      #expect(unsafe fuzzed_queue_until(memory, size, Int64(now.tv_sec) + 2, 1_999_999_999) == EINVAL)
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(0, 0), (0, -1), (0, .max), (-1, 0), (.min, .min)] as [(Int64, Int64)])
  func `After its deadline, a call waits a moment for the lock, and then times out`(
    _ seconds: Int64, _ nanoseconds: Int64
  ) throws {
    unsafe try withLockedQueue { memory, size in
      #expect(unsafe fuzzed_queue_until(memory, size, seconds, nanoseconds) == ETIMEDOUT)
    }
  }
}

@Suite struct EmptyRecordTests {
  @Test func `ipc_ring.h accepts null pointers for an empty record`() throws {
    let memory = try SharedRegion(size: 4096)
    #expect(unsafe fuzzed_ring_of_nothing(try memory.place(bytes: 4096, alignment: 8, at: 0), 4096) == 0)
  }
}
