internal import IPC
internal import SystemPackage

/// A handle of a pipe or FIFO.
///
/// Whether it can be read from or written to is for the kernel to say (`EBADF`), as it is in C: so this is a reading
/// and a writing end, whichever it owns.
class PipeHandle: DescriptorHandle, ReadingEnd, WritingEnd {
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
}

extension PipeHandle {
  /// How long a call waits: until its `timeout`, or else as its descriptor would have it.
  func patience(_ parameters: Parameters) throws -> Patience {
    if parameters.has("timeout") { return try parameters.patience() }
    return try isNonBlocking ? .none : .forever
  }
}
