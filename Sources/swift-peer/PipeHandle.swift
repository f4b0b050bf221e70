internal import IPC
internal import SystemPackage

/// A handle of a byte stream: a pipe, a FIFO or a stream socket.
///
/// As in C, the kernel decides whether it can be read or written (`EBADF`). So this is both, whichever end it owns.
protocol ByteHandle: DescriptorHandle, StreamHandle, ReadableDescriptor, WritableDescriptor {}

/// A handle of an end of a pipe or FIFO.
final class PipeHandle: ByteHandle, PipeDescriptor {
  let descriptor: FileDescriptor
  private var owned: OwnedDescriptor?

  init(_ end: consuming some DescriptorOwner & PipeDescriptor & ~Copyable) {
    descriptor = end.descriptor
    owned = end.takeDescriptor()
  }

  func close() throws { try owned.take()?.close() }
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

extension DescriptorRepresentable where Self: ~Copyable {
  /// The timeout of a request; without one, the call behaves as `O_NONBLOCK` of its descriptor says.
  func timeout(_ parameters: Parameters) throws -> Timeout {
    if parameters.has("timeout") { return try parameters.timeout() }
    return try isNonBlocking ? .immediate : .never
  }
}
