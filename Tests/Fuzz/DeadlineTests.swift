import FuzzedC
import Glibc
import IPC
import Testing

/// Deadlines of `ipc_queue.h` that are not times, or have passed.
@Suite struct DeadlineTests {
  /// Passes a queue whose lock belongs to a thread that does not continue.
  private func withStuckQueue(_ body: (UnsafeMutableRawPointer, Int) -> Void) throws {
    let size = try SharedQueue.size(slotCount: 3, slotSize: 20)
    let memory = try SharedRegion(size: size)
    _ = try SharedQueue.create(in: memory, at: 0, slotCount: 3, slotSize: 20)
    let base = unsafe try memory.place(bytes: size, alignment: 8, at: 0)
    unsafe base.storeBytes(of: 0x3FFF_FFFF, toByteOffset: 64, as: UInt32.self)
    unsafe body(base, size)
  }

  @Test(.timeLimit(.minutes(1)))
  func `An invalid time is an error if the call would wait for it`() throws {
    unsafe try withStuckQueue { memory, size in
      var now = timespec()
      _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      #expect(unsafe fuzzed_queue_until(memory, size, Int64(now.tv_sec) + 2, 1_999_999_999) == EINVAL)
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(0, 0), (0, -1), (0, .max), (-1, 0), (.min, .min)] as [(Int64, Int64)])
  func `A wait for the lock ends if the deadline has passed`(_ seconds: Int64, _ nanoseconds: Int64) throws {
    unsafe try withStuckQueue { memory, size in
      #expect(unsafe fuzzed_queue_until(memory, size, seconds, nanoseconds) == ETIMEDOUT)
    }
  }
}
