import Dispatch
import IPC
import IPCAsync
import Synchronization
import SystemPackage
import Testing

/// The recipes for Dispatch in `NIOAndDispatch.md`.
@Suite struct DispatchTests {
  @Test func `A dispatch source reports a handle, and closes it when it is cancelled`() async throws {
    let pipe = try AnonymousPipe()
    let received = Mutex<[UInt8]>([])
    let source = readSource(pipe.reader) { bytes in received.withLock { $0 += bytes } }
    let message: [UInt8] = Array("Hello".utf8)
    try await pipe.writer.writeAll(message.span)
    while received.withLock({ $0.count }) < message.count { await Task.yield() }
    source.cancel()
    // The pipe has no reader left, once the cancel handler has closed it.
    try await pipe.writer.wait(for: [])
    #expect(received.withLock { $0 } == message)
  }

  /// Calls `handle` on a queue for each batch of bytes that arrives.
  private func readSource(
    _ reader: consuming PipeReader, _ handle: @escaping @Sendable ([UInt8]) -> Void
  ) -> any DispatchSourceRead {
    let descriptor = reader.descriptor.rawValue
    let owner = Owner(reader)
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
    source.setEventHandler { handle(owner.read()) }
    // The descriptor must stay open until the source no longer uses it.
    source.setCancelHandler { owner.close() }
    source.resume()
    return source
  }

  private final class Owner: Sendable {
    private let reader: Mutex<PipeReader?>
    init(_ reader: consuming PipeReader) { self.reader = Mutex(reader) }

    func read() -> [UInt8] {
      reader.withLock { reader in
        var bytes: [UInt8] = []
        _ = try? reader?.read(maxLength: 4096, appendingTo: &bytes, timeout: .immediate)
        return bytes
      }
    }

    func close() { reader.withLock { $0 = nil } }
  }
}
