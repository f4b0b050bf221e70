import FuzzedC
import Glibc
import IPC
import Testing

/// Deadlines of `ipc_queue.h` that no clock shows.
@Suite struct DeadlineTests {
  /// A queue whose lock a thread has that was stopped, or never was.
  private func withStuckQueue(_ body: (UnsafeMutableRawPointer, Int) -> Void) throws {
    let size = try SharedQueue.size(slots: 3, of: 20)
    let memory = try SharedRegion(size: size)
    _ = try SharedQueue(makingIn: memory, at: 0, slots: 3, of: 20)
    let base = unsafe try memory.place(bytes: size, alignment: 8, at: 0)
    unsafe base.storeBytes(of: 0x3FFF_FFFF, toByteOffset: 64, as: UInt32.self)
    unsafe body(base, size)
  }

  @Test(.timeLimit(.minutes(1)))
  func `What is no time is an error where it would be waited for`() throws {
    unsafe try withStuckQueue { memory, size in
      var now = timespec()
      _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      #expect(unsafe fuzzed_queue_until(memory, size, Int64(now.tv_sec) + 2, 1_999_999_999) == EINVAL)
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(0, 0), (0, -1), (0, .max), (-1, 0), (.min, .min)] as [(Int64, Int64)])
  func `A deadline that has passed leaves time for the lock, and ends`(_ seconds: Int64, _ nanoseconds: Int64) throws {
    unsafe try withStuckQueue { memory, size in
      #expect(unsafe fuzzed_queue_until(memory, size, seconds, nanoseconds) == ETIMEDOUT)
    }
  }
}
