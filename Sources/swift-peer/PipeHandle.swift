internal import IPC
internal import SystemPackage

/// A handle of what carries bytes: a pipe, a FIFO or a stream socket.
///
/// Whether it can be read from or written to is for the kernel to say (`EBADF`), as it is in C: so this is a reading
/// and a writing end, whichever it owns.
protocol ByteHandle: DescriptorHandle, StreamHandle, ReadingEnd, WritingEnd {}

/// A handle of a pipe or FIFO.
class PipeHandle: ByteHandle, PipeEnd {
  let descriptor: FileDescriptor

  fileprivate init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// The handle of `end`, which it owns.
  static func owning<End: PipeEnd & ~Copyable>(_ end: consuming End) -> PipeHandle { OwningPipeHandle(end) }

  func close() throws(IPCError) {}
}

private final class OwningPipeHandle<End: PipeEnd & ~Copyable>: PipeHandle {
  private var end: End?

  init(_ end: consuming End) {
    let descriptor = end.descriptor
    self.end = consume end
    super.init(descriptor)
  }

  override func close() throws(IPCError) { try end.take()?.close() }
}

extension Peer {
  /// The pipe or FIFO that a request is about.
  func pipe(_ parameters: Parameters) throws -> PipeHandle {
    try handles.find(parameters.handle, as: PipeHandle.self, "pipe or FIFO")
  }

  /// The pipe, FIFO or socket that a request reads from or writes to.
  func bytes(_ parameters: Parameters) throws -> any ByteHandle {
    try handles.find(parameters.handle, as: (any ByteHandle).self, "pipe, FIFO or socket")
  }
}

extension DescriptorOwner where Self: ~Copyable {
  /// How long a call waits: until its `timeout`, or else as its descriptor would have it.
  func patience(_ parameters: Parameters) throws -> Patience {
    if parameters.has("timeout") { return try parameters.patience() }
    return try isNonBlocking ? .none : .forever
  }
}
