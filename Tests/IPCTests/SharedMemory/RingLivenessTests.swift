import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct RingLivenessTests {
  @Test func `Without a free descriptor, opening an end and waiting for the other one fail`() async throws {
    // This runs in a separate process, because the limit applies to the whole process.
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
      try RecordRing.create(capacity: 64, in: region, at: 0)
      let producer = try RecordRing.Producer.open(in: region, at: 0)
      let opening = failure { _ = try RecordRing.Consumer.open(in: region, at: 0) }
      guard opening?.errno == .tooManyOpenFiles, opening?.call == .open else { exit(1) }
      // The ring has no producer yet.
      var consumer = try RecordRing.Consumer.open(in: region, at: 0)
      let waiting = failure {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe buffer.deallocate() }
        var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        _ = try consumer.receive(into: &room, timeout: .immediate)
      }
      guard waiting?.errno == .tooManyOpenFiles, waiting?.call == .pidfdOpen else { exit(2) }
      producer.close()
      consumer.close()
    }
  }
}
