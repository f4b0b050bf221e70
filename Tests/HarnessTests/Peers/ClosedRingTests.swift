import Foundation
import Testing

@Suite("The Swift peer")
struct ClosedRingTests {
  /// Returns the peer's responses to requests, without its greeting.
  private func responses(_ requests: [String]) async throws -> [String] {
    try await onThread {
      let process = Process()
      process.executableURL = URL(filePath: try CommandRun.program("swift-peer"))
      let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
      process.standardInput = input
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data((requests.joined(separator: "\n") + "\n").utf8))
      try input.fileHandleForWriting.close()
      let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      return text.split(separator: "\n").dropFirst().map(String.init)
    }
  }

  @Test("responds with EBADF to a request for a channel or a buffer whose ring is closed") func closedRing()
    async throws
  {
    let preparation = [
      "memfd_create handle=s name=x", "ftruncate handle=s length=8192",
      "mmap handle=s mapping=m length=8192 prot=PROT_READ|PROT_WRITE", "ring_make memory=m content=bytes capacity=4096",
      "ring_open handle=w memory=m content=bytes end=producer",
      "ring_open handle=r memory=m content=bytes end=consumer", "channel_open handle=c write=w read=r",
      "buffer_open handle=b stream=w", "ring_close handle=w", "ring_close handle=r",
    ]
    let requests = ["channel_send handle=c msg=x", "channel_receive handle=c", "buffer_write handle=b buf=x"]
    let found = try await responses(preparation + requests + ["buffer_flush handle=b", "pid"])
    #expect(found.count == preparation.count + requests.count + 2, "\(found)")
    #expect(found.dropLast().count { $0.hasPrefix("error errno=EBADF") } == 3, "\(found)")
    #expect(found.last?.hasPrefix("ok pid=") == true)
  }
}
