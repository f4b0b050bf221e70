import Foundation
import SystemPackage
import Testing

/// The C peer's handle table has 1024 entries.
@Suite("A C peer with room for one more handle") struct FullTableTests {
  @Test("rejects a request that needs two, and continues") func refusesTwo() async throws {
    // Use handles without descriptors, because the descriptor limit can be lower than the size of the table.
    let requests =
      [
        "memfd_create handle=f name=table", "ftruncate handle=f length=4096",
        "mmap handle=f mapping=m length=4096 prot=PROT_READ|PROT_WRITE", "sem_init handle=s memory=m value=0",
      ] + (1...1020).map { "sem_at handle=\($0) memory=m" } + [
        "pipe2 reader=r writer=w", "socketpair first=r second=w domain=AF_UNIX type=SOCK_STREAM",
        "recvmsg handle=f len=1 fds=r,w", "pipe2 reader=f writer=w", "sem_at handle=last memory=m",
        "sem_at handle=more memory=m",
      ]
    let answers = try await onThread {
      let peer = Process()
      let (input, output) = (Pipe(), Pipe())
      peer.executableURL = URL(fileURLWithPath: Checkout.root.appending("build/bin/c-peer").string)
      (peer.standardInput, peer.standardOutput) = (input, output)
      try peer.run()
      // The peer blocks if no process reads its responses, so write the requests in another thread.
      let writer = Thread {
        try? input.fileHandleForWriting.write(contentsOf: Data((requests.joined(separator: "\n") + "\n").utf8))
        try? input.fileHandleForWriting.close()
      }
      writer.start()
      let said = try output.fileHandleForReading.readToEnd() ?? Data()
      peer.waitUntilExit()
      #expect(peer.terminationReason == .exit && peer.terminationStatus == 0)
      return String(decoding: said, as: UTF8.self).split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
    }
    #expect(answers.count == requests.count)
    #expect(answers.dropLast(6).allSatisfy { $0 == "ok" })
    #expect(answers.suffix(6) == ["invalid", "invalid", "invalid", "invalid", "ok", "invalid"])
  }
}
