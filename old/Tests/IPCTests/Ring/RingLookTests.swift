import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct RingLookTests {
  @Test func `Without a descriptor nobody takes an end, nor says that the other lives`() async throws {
    // In a process of its own: the limit is everybody's.
    await #expect(processExitsWith: .success) {
      func limit(_ most: rlim_t) {
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = most
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      }
      func failure(_ body: () throws -> Void) -> IPCError? {
        limit(0)
        defer { limit(256) }
        do { try body() } catch { return error as? IPCError }
        return nil
      }
      let region = try SharedRegion(size: 4096)
      try RecordRing.make(capacity: 64, in: region, at: 0)
      let producer = try RecordRing.Producer(in: region, at: 0)
      let opening = failure { _ = try RecordRing.Consumer(in: region, at: 0) }
      guard opening?.errno == .tooManyOpenFiles, opening?.call == "open" else { exit(1) }
      // It is nobody's still.
      var consumer = try RecordRing.Consumer(in: region, at: 0)
      let waiting = failure {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe buffer.deallocate() }
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        _ = try consumer.receive(into: &room, patience: .none)
      }
      guard waiting?.errno == .tooManyOpenFiles, waiting?.call == "pidfd_open" else { exit(2) }
      producer.close()
      consumer.close()
    }
  }
}
